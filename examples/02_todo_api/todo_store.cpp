// SPDX-License-Identifier: BSL-1.0
#include "todo_store.hpp"

#include <sqlite3.h>

#include <stdexcept>

namespace todo {
namespace {

[[noreturn]] void fail(sqlite3* database) {
  throw std::runtime_error(std::string("database: ") + sqlite3_errmsg(database));
}

/// One prepared statement, for one run.
class statement {
 public:
  statement(sqlite3* database, const char* sql) : database_(database) {
    if (sqlite3_prepare_v2(database, sql, -1, &handle_, nullptr) != SQLITE_OK) fail(database);
  }
  ~statement() { sqlite3_finalize(handle_); }
  statement(const statement&) = delete;
  statement& operator=(const statement&) = delete;

  statement& bind(int at, std::int64_t value) { return check(sqlite3_bind_int64(handle_, at, value)); }
  statement& bind(int at, std::string_view value) {
    return check(
        sqlite3_bind_text(handle_, at, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT));
  }

  /// True while there are rows.
  bool step() {
    const int result = sqlite3_step(handle_);
    if (result != SQLITE_ROW && result != SQLITE_DONE) fail(database_);
    return result == SQLITE_ROW;
  }

  item row() const {
    const auto* title = reinterpret_cast<const char*>(sqlite3_column_text(handle_, 1));
    const auto length = static_cast<std::size_t>(sqlite3_column_bytes(handle_, 1));
    return {sqlite3_column_int64(handle_, 0), std::string(title, length),
            sqlite3_column_int(handle_, 2) != 0};
  }

 private:
  statement& check(int result) {
    if (result != SQLITE_OK) fail(database_);
    return *this;
  }

  sqlite3* database_;
  sqlite3_stmt* handle_ = nullptr;
};

std::optional<item> first(statement& query) {
  if (!query.step()) return std::nullopt;
  item found = query.row();
  query.step();  // runs a RETURNING statement to its end
  return found;
}

}  // namespace

void store::closer::operator()(sqlite3* database) const noexcept { sqlite3_close_v2(database); }

store::store(const std::string& path) {
  sqlite3* opened = nullptr;
  const int result =
      sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  database_.reset(opened);
  if (result != SQLITE_OK) fail(opened);
  // All workers start at once, so even the switch to WAL may meet another one's lock.
  sqlite3_busy_timeout(opened, 5000);
  const char* schema =
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
      "CREATE TABLE IF NOT EXISTS todos(id INTEGER PRIMARY KEY AUTOINCREMENT,"
      " title TEXT NOT NULL, done INTEGER NOT NULL DEFAULT 0)";
  if (sqlite3_exec(opened, schema, nullptr, nullptr, nullptr) != SQLITE_OK) fail(opened);
}

std::vector<item> store::list(std::int64_t after, int limit) {
  statement query(database_.get(), "SELECT id, title, done FROM todos WHERE id > ?1 ORDER BY id LIMIT ?2");
  query.bind(1, after).bind(2, std::int64_t{limit});
  std::vector<item> items;
  while (query.step()) items.push_back(query.row());
  return items;
}

std::optional<item> store::find(std::int64_t id) {
  statement query(database_.get(), "SELECT id, title, done FROM todos WHERE id = ?1");
  query.bind(1, id);
  return first(query);
}

item store::add(std::string_view title, bool done) {
  statement insert(database_.get(),
                   "INSERT INTO todos(title, done) VALUES(?1, ?2) RETURNING id, title, done");
  insert.bind(1, title).bind(2, std::int64_t{done});
  return first(insert).value();
}

std::optional<item> store::change(std::int64_t id, std::optional<std::string_view> title,
                                  std::optional<bool> done) {
  // An unbound parameter is NULL, and coalesce then keeps the column.
  statement update(database_.get(),
                   "UPDATE todos SET title = coalesce(?2, title), done = coalesce(?3, done)"
                   " WHERE id = ?1 RETURNING id, title, done");
  update.bind(1, id);
  if (title) update.bind(2, *title);
  if (done) update.bind(3, std::int64_t{*done});
  return first(update);
}

bool store::remove(std::int64_t id) {
  statement removal(database_.get(), "DELETE FROM todos WHERE id = ?1 RETURNING id, title, done");
  removal.bind(1, id);
  return first(removal).has_value();
}

}  // namespace todo
