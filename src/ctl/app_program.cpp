// SPDX-License-Identifier: BSL-1.0
#include "ctl/apps.hpp"
#include "ctl/supervise.hpp"

#include <cluster/doctor.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <string_view>

namespace cluster::ctl {
namespace {

namespace fs = std::filesystem;

bool can_run(const std::string& path) {
  std::error_code ignored;
  return !fs::is_directory(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

std::string on_path(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (!folder.empty() && can_run(folder + "/" + name)) return folder + "/" + name;
  return {};
}

std::string interpreter_of(const app& one) {
  if (!one.interpreter.empty()) return one.interpreter == "none" ? "" : one.interpreter;
  const std::string ending = fs::path(one.script).extension().string();
  if (ending == ".js" || ending == ".cjs" || ending == ".mjs") return "node";
  if (ending == ".py") return "python3";
  if (ending == ".rb") return "ruby";
  return {};
}

}  // namespace

std::string own_path() {
  std::error_code ec;
  const fs::path path = fs::read_symlink("/proc/self/exe", ec);
  return ec ? "/proc/self/exe" : path.string();
}

bool looks_built_on_cluster(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  struct stat info {};
  bool found = false;
  if (::fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 4) {
    const auto size = static_cast<std::size_t>(info.st_size);
    void* memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (memory != MAP_FAILED) {
      const std::string_view content(static_cast<const char*>(memory), size);
      // Linked in: the mark that the library carries. As a shared library: the name of the function.
      for (const std::string_view mark : {"program built on cluster::run", "_ZN7cluster3runEiPPc"})
        found = found || ::memmem(content.data(), size, mark.data(), mark.size()) != nullptr;
      found = found && content.starts_with("\177ELF");
      ::munmap(memory, size);
    }
  }
  ::close(fd);
  return found;
}

found_program find_app_program(const app& one) {
  found_program result;
  std::string script = (fs::path(one.cwd) / one.script).lexically_normal().string();
  const bool there = fs::exists(script);
  const std::string interpreter = interpreter_of(one);
  if (!there && one.script.find('/') == one.script.npos && interpreter.empty()) script = on_path(one.script);
  if (script.empty() || (!there && !fs::exists(script))) {
    result.problem = "script: there is no '" + one.script + "' in " + one.cwd;
    if (one.script.find('/') == one.script.npos && interpreter.empty()) result.problem += " or on the PATH";
    return result;
  }
  if (interpreter.empty()) {
    if (!can_run(script)) {
      result.problem = "script: '" + script + "' is not executable; chmod +x it, or name an interpreter";
      return result;
    }
    result.executable = script;
    result.built_on_cluster = one.built_on_cluster.value_or(looks_built_on_cluster(script));
  } else {
    const bool path = interpreter.find('/') != interpreter.npos;
    result.executable =
        path ? (fs::path(one.cwd) / interpreter).lexically_normal().string() : on_path(interpreter);
    if (result.executable.empty() || !can_run(result.executable)) {
      result.problem = "interpreter: there is no '" + interpreter + "' that can be run";
      return result;
    }
    result.built_on_cluster = one.built_on_cluster.value_or(false);
    result.arguments = one.interpreter_args;
    result.arguments.push_back(script);
  }
  result.arguments.insert(result.arguments.end(), one.args.begin(), one.args.end());
  if (!result.built_on_cluster && one.shared.value_or(false) && one.listen.empty())
    result.problem =
        "listen: is missing; with exec_mode cluster it says where the instances of a program that is not "
        "built "
        "on cluster listen together, such as 3000";
  return result;
}

std::vector<std::pair<std::string, std::string>> environment_of(const app& one) {
  std::vector<std::pair<std::string, std::string>> all;
  const auto set = [&](const char* name, std::string value) { all.emplace_back(name, std::move(value)); };
  const auto time = [&](const char* name, const std::optional<std::chrono::milliseconds>& value) {
    if (value) set(name, std::to_string(value->count()) + "ms");
  };
  const app_place place(one.name);
  set("CLUSTER_CONTROL", place.socket);
  // Workers of another user could not reach it.
  if (one.user.empty() && one.group.empty()) set("CLUSTER_RENDEZVOUS", place.rendezvous);
  if (one.instances && one.instances->below_cpus && one.instances->number == 0)
    set("CLUSTER_WORKERS", "auto");
  else if (one.instances) set("CLUSTER_WORKERS", std::to_string(one.instances->on(usable_cpus())));
  std::string listen;
  for (const std::string& each : one.listen) listen += (listen.empty() ? "" : ",") + each;
  if (!listen.empty()) set("CLUSTER_LISTEN", listen);
  if (one.max_memory != 0) set("CLUSTER_MAX_RSS", std::to_string(one.max_memory));
  time("CLUSTER_READY_TIMEOUT", one.listen_timeout);
  time("CLUSTER_DRAIN_TIMEOUT", one.kill_timeout);
  time("CLUSTER_RESTART_MIN_UPTIME", one.min_uptime);
  time("CLUSTER_RESTART_INITIAL_DELAY", one.backoff);
  if (one.backoff) time("CLUSTER_RESTART_MAX_DELAY", longest_backoff(*one.backoff));
  if (one.max_restarts) set("CLUSTER_RESTART_MAX_FAILURES", std::to_string(*one.max_restarts));
  std::string codes;
  for (const int each : one.stop_exit_codes) codes += (codes.empty() ? "" : ",") + std::to_string(each);
  if (!codes.empty()) set("CLUSTER_NO_RESTART_CODES", codes);
  if (!one.user.empty()) set("CLUSTER_USER", one.user);
  if (!one.group.empty()) set("CLUSTER_GROUP", one.group);
  set("CLUSTER_LOGS", "capture");
  if (const std::string file = log_file_of(one); !file.empty()) set("CLUSTER_LOG_FILE", file);
  if (const std::string file = error_file_of(one); !file.empty()) set("CLUSTER_ERROR_FILE", file);
  for (const auto& each : one.env) all.push_back(each);
  return all;
}

std::chrono::milliseconds longest_backoff(std::chrono::milliseconds first) {
  return std::max(first, std::chrono::milliseconds(15000));
}

std::string log_file_of(const app& one) {
  return one.out_file.empty() ? "" : (fs::path(one.cwd) / one.out_file).lexically_normal().string();
}

std::string error_file_of(const app& one) {
  if (one.error_file.empty() || one.error_file == one.out_file) return {};
  return (fs::path(one.cwd) / one.error_file).lexically_normal().string();
}

}  // namespace cluster::ctl
