// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>

/// What tests change around them and put back at the end of a scope, and what they look at there.
namespace cluster::test {

/// The numbers of this process's open descriptors.
inline std::set<int> open_descriptors() {
  std::set<int> numbers;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    numbers.insert(std::stoi(entry.path().filename().string()));
  // The iteration's own descriptor is listed too and closed by now.
  std::erase_if(numbers, [](int fd) { return ::fcntl(fd, F_GETFD) < 0; });
  return numbers;
}

inline std::size_t descriptor_count() { return open_descriptors().size(); }

/// A folder of its own for one test case, gone at the end.
class scratch_folder {
 public:
  scratch_folder() {
    std::string path = (std::filesystem::temp_directory_path() / "cluster-test-XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("mkdtemp " + path);
    path_ = path;
  }
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  ~scratch_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline void write_file(const std::string& path, const std::string& content) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

inline std::string read_file_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// One environment variable set (or, with nullptr, unset) for a scope.
class environment_guard {
 public:
  environment_guard(std::string name, const char* value) : name_(std::move(name)) {
    if (const char* old = std::getenv(name_.c_str())) old_ = old;
    set(value);
  }
  environment_guard(const environment_guard&) = delete;
  environment_guard& operator=(const environment_guard&) = delete;
  ~environment_guard() { set(old_ ? old_->c_str() : nullptr); }

 private:
  void set(const char* value) const {
    if (value != nullptr) ::setenv(name_.c_str(), value, 1);
    else ::unsetenv(name_.c_str());
  }

  std::string name_;
  std::optional<std::string> old_;
};

class umask_guard {
 public:
  explicit umask_guard(mode_t mask) : old_(::umask(mask)) {}
  umask_guard(const umask_guard&) = delete;
  umask_guard& operator=(const umask_guard&) = delete;
  ~umask_guard() { ::umask(old_); }

 private:
  mode_t old_;
};

class working_directory_guard {
 public:
  explicit working_directory_guard(const std::string& path) : old_(std::filesystem::current_path()) {
    std::filesystem::current_path(path);
  }
  working_directory_guard(const working_directory_guard&) = delete;
  working_directory_guard& operator=(const working_directory_guard&) = delete;
  ~working_directory_guard() { std::filesystem::current_path(old_); }

 private:
  std::filesystem::path old_;
};

/// The soft limit of open files for a scope.
class open_files_guard {
 public:
  explicit open_files_guard(rlim_t soft) {
    ::getrlimit(RLIMIT_NOFILE, &old_);
    const rlimit narrow{soft, old_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &narrow);
  }
  open_files_guard(const open_files_guard&) = delete;
  open_files_guard& operator=(const open_files_guard&) = delete;
  ~open_files_guard() { ::setrlimit(RLIMIT_NOFILE, &old_); }

 private:
  rlimit old_{};
};

}  // namespace cluster::test
