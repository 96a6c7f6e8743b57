// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3;

namespace todo {

struct item {
  std::int64_t id = 0;
  std::string title;
  bool done = false;
};

/// The to-dos in an SQLite file. Each worker process opens it for itself; write-ahead logging lets all of
/// them read while one writes, and a writer waits a moment for another one. Throws std::runtime_error.
class store {
 public:
  explicit store(const std::string& path);

  std::vector<item> list(std::int64_t after, int limit);
  std::optional<item> find(std::int64_t id);
  item add(std::string_view title, bool done);
  /// What is not given stays as it is. Nothing if there is no such item.
  std::optional<item> change(std::int64_t id, std::optional<std::string_view> title,
                             std::optional<bool> done);
  bool remove(std::int64_t id);

 private:
  struct closer {
    void operator()(sqlite3* database) const noexcept;
  };
  std::unique_ptr<sqlite3, closer> database_;
};

}  // namespace todo
