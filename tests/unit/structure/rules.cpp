// SPDX-License-Identifier: BSL-1.0
#include "rules.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace structure {
namespace {

using names = std::vector<std::string_view>;

/// What a module may see: private headers of which modules, and which public faces beyond the
/// vocabulary (error, options, types and the like), which everybody knows.
struct module_rule {
  std::string_view module;
  names modules;
  names faces;
  names libraries;  ///< third-party prefixes from `restricted` that it may include
};

/// The picture of the house, in one table.
const std::array rules{
    module_rule{"common", {"common"}, {}, {"boost/json", "system"}},
    module_rule{"policy", {"policy", "common"}, {}, {}},
    module_rule{"os", {"os", "common"}, {}, {"system", "boost/asio", "boost/process"}},
    module_rule{"ipc", {"ipc", "os", "common"}, {}, {"system", "boost/asio"}},
    module_rule{"supervisor",
                {"supervisor", "policy", "ipc", "os", "tls", "common"},
                {"supervisor.hpp"},
                {"system", "boost/asio"}},
    module_rule{"worker", {"worker", "ipc", "os", "common"}, {"worker.hpp"}, {"system", "boost/asio"}},
    module_rule{"run",
                {"run", "os", "tls", "common"},
                {"run.hpp", "supervisor.hpp", "worker.hpp", "control_client.hpp", "control_server.hpp"},
                {"system", "boost/asio", "boost/json"}},
    module_rule{"wire", {"wire", "common"}, {}, {"boost/beast"}},
    module_rule{"tls", {"tls", "wire", "common"}, {}, {"system"}},
    module_rule{"tls_openssl", {"tls_openssl", "tls", "wire", "common"}, {}, {"openssl/"}},
    module_rule{"control",
                {"control", "wire", "common"},
                {"supervisor.hpp", "control_client.hpp", "control_server.hpp"},
                {"system", "boost/asio", "boost/json"}},
    module_rule{"http",
                {"http", "wire", "tls", "common"},
                {"worker.hpp", "http.hpp", "http/"},
                {"system", "boost/asio", "boost/beast"}},
    module_rule{"ctl",
                {"ctl"},
                {"control_client.hpp", "run.hpp", "supervisor.hpp", "worker.hpp"},
                {"system", "boost/asio", "boost/json", "boost/process", "CLI/"}},
};

/// Faces: public headers that belong to a module. All other public headers are vocabulary.
const names faces{"supervisor.hpp",     "worker.hpp", "run.hpp", "control_client.hpp",
                  "control_server.hpp", "http.hpp",   "http/",   "cluster.hpp"};

/// Third-party and system headers that only some modules may name.
const names restricted{"boost/asio", "boost/process", "boost/json", "boost/beast", "CLI/", "openssl/"};

/// Headers of the operating system outside <sys/...>.
const names system_headers{"unistd.h",  "fcntl.h", "signal.h", "poll.h",   "spawn.h", "sched.h",
                           "pthread.h", "netdb.h", "linux/",   "netinet/", "arpa/",   "net/",
                           "pwd.h",     "grp.h",   "sys/",     "syslog.h", "dirent.h"};

/// What public headers never show, because every user would have to have it too.
const names never_public{"boost/process", "boost/json", "CLI/", "sys/", "boost/beast", "openssl/"};

bool starts_with_any(std::string_view text, const names& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](std::string_view prefix) { return text.starts_with(prefix); });
}

bool contains(const names& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

struct include_line {
  bool quoted;
  std::string_view name;
};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  return first == std::string_view::npos ? std::string_view{} : text.substr(first);
}

/// Empty name: not an include line.
include_line parse(std::string_view line) {
  line = trimmed(line);
  if (!line.starts_with('#')) return {};
  line = trimmed(line.substr(1));
  if (!line.starts_with("include")) return {};
  line = trimmed(line.substr(7));
  if (line.empty() || (line.front() != '"' && line.front() != '<')) return {};
  const char close = line.front() == '"' ? '"' : '>';
  const auto end = line.find(close, 1);
  if (end == std::string_view::npos) return {};
  return {close == '"', line.substr(1, end - 1)};
}

std::string check_public(std::string_view path, const include_line& include) {
  if (include.quoted) return "a public header includes the private \"" + std::string(include.name) + '"';
  const bool http = path.starts_with("include/cluster/http");
  // Beast is what the component http stands on, and its verbs and statuses are the vocabulary there.
  const bool beast = http && include.name.starts_with("boost/beast");
  if (starts_with_any(include.name, never_public) && !beast) {
    return "public headers do not include <" + std::string(include.name) + '>';
  }
  if (!http && include.name.starts_with("cluster/http")) {
    return "the core does not know its component http: <" + std::string(include.name) + '>';
  }
  return {};
}

std::string check_module(const module_rule& rule, const include_line& include) {
  const std::string who = "module " + std::string(rule.module);
  const std::string shown = std::string(include.name);
  if (include.quoted) {
    const auto slash = include.name.find('/');
    if (slash == std::string_view::npos) return "write \"" + std::string(rule.module) + "/" + shown + '"';
    if (contains(rule.modules, include.name.substr(0, slash))) return {};
    return who + " must not see \"" + shown + '"';
  }
  if (include.name.starts_with("cluster/")) {
    const auto header = include.name.substr(8);
    if (!starts_with_any(header, faces) || starts_with_any(header, rule.faces)) return {};
    return who + " must not see <" + shown + '>';
  }
  for (const auto library : restricted) {
    if (!include.name.starts_with(library)) continue;
    // Whoever may use Beast needs Asio's buffers for it.
    const bool asio_for_beast = library == "boost/asio" && contains(rule.libraries, "boost/beast") &&
                                include.name.starts_with("boost/asio/buffer");
    if (contains(rule.libraries, library) || asio_for_beast) return {};
    return who + " must not use <" + shown + '>';
  }
  if (starts_with_any(include.name, system_headers) && !contains(rule.libraries, "system")) {
    return who + " must not talk to the system: <" + shown + '>';
  }
  return {};
}

template <class Check>
void each_line(std::string_view content, Check check) {
  std::size_t number = 0;
  while (!content.empty()) {
    const auto end = content.find('\n');
    check(++number, content.substr(0, end));
    if (end == std::string_view::npos) break;
    content.remove_prefix(end + 1);
  }
}

}  // namespace

std::vector<finding> check_includes(std::string_view path, std::string_view content) {
  const module_rule* rule = nullptr;
  const bool is_public = path.starts_with("include/");
  if (!is_public) {
    if (!path.starts_with("src/")) return {{std::string(path), 1, "neither in src/ nor in include/"}};
    const auto rest = path.substr(4);
    const auto module = rest.substr(0, rest.find('/'));
    const auto found = std::find_if(rules.begin(), rules.end(),
                                    [&](const module_rule& each) { return each.module == module; });
    if (found == rules.end())
      return {{std::string(path), 1, "no such module in the house: " + std::string(module)}};
    rule = &*found;
  }
  std::vector<finding> findings;
  each_line(content, [&](std::size_t number, std::string_view line) {
    const auto include = parse(line);
    if (include.name.empty()) return;
    auto what = is_public ? check_public(path, include) : check_module(*rule, include);
    if (!what.empty()) findings.push_back({std::string(path), number, std::move(what)});
  });
  return findings;
}

std::vector<finding> check_licence(std::string_view path, std::string_view content) {
  bool found = false;
  each_line(content, [&](std::size_t number, std::string_view line) {
    if (number <= 3 && line.find("SPDX-License-Identifier: BSL-1.0") != line.npos) found = true;
  });
  if (found) return {};
  return {{std::string(path), 1, "no line SPDX-License-Identifier: BSL-1.0 at its top"}};
}

std::vector<finding> check_length(std::string_view path, std::string_view content) {
  constexpr std::size_t limit = 400;
  const auto lines = static_cast<std::size_t>(std::count(content.begin(), content.end(), '\n'));
  if (lines <= limit) return {};
  return {{std::string(path), lines, "longer than " + std::to_string(limit) + " lines, to be split"}};
}

}  // namespace structure
