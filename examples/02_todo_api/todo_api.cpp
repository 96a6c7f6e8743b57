// SPDX-License-Identifier: BSL-1.0
#include "todo_api.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <charconv>
#include <string>

namespace todo {
namespace {

namespace http = cluster::http;
namespace json = boost::json;

constexpr int page_size = 1000;
constexpr std::size_t title_limit = 500;

http::response answer(const json::value& body, unsigned status = 200) {
  return http::json(json::serialize(body) + "\n", status);
}

http::response refuse(unsigned status, std::string_view code, const std::string& message) {
  return answer(json::object{{"error", {{"code", code}, {"message", message}}}}, status);
}

json::object shown(const item& one) { return {{"id", one.id}, {"title", one.title}, {"done", one.done}}; }

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || ec != std::errc{} || end != text.data() + text.size() || value < 0) return {};
  return value;
}

http::response no_such_item(std::string_view id) {
  return refuse(404, "not_found", "there is no to-do '" + std::string(id) + "'");
}

/// What a client sent, or what is wrong with it.
struct input {
  std::optional<std::string> title;
  std::optional<bool> done;
  std::string problem;
};

input read(const http::request& request) {
  input result;
  boost::system::error_code ec;
  const json::value body = json::parse(request.body(), ec);
  if (ec || !body.is_object()) {
    result.problem = "the body is to be a JSON object such as {\"title\":\"Buy milk\"}";
    return result;
  }
  for (const auto& [key, value] : body.get_object()) {
    if (key == "title" && value.is_string() && !value.get_string().empty() &&
        value.get_string().size() <= title_limit)
      result.title = std::string(value.get_string());
    else if (key == "title")
      result.problem = "'title' is to be a string of 1 to " + std::to_string(title_limit) + " bytes";
    else if (key == "done" && value.is_bool()) result.done = value.get_bool();
    else if (key == "done") result.problem = "'done' is to be true or false";
    else result.problem = "unknown field '" + std::string(key) + "'; known are 'title' and 'done'";
  }
  return result;
}

http::response list(store& items, const http::request& request) {
  const auto after = request.has_query("after") ? number(request.query("after")) : 0;
  if (!after) return refuse(400, "invalid", "'after' is to be the id of a to-do");
  json::array all;
  for (const item& one : items.list(*after, page_size)) all.push_back(shown(one));
  return answer(all);
}

http::response create(store& items, const http::request& request) {
  const input given = read(request);
  if (!given.problem.empty()) return refuse(400, "invalid", given.problem);
  if (!given.title) return refuse(400, "invalid", "'title' is missing");
  const item made = items.add(*given.title, given.done.value_or(false));
  return answer(shown(made), 201).set("Location", "/v1/todos/" + std::to_string(made.id));
}

http::response show(store& items, const http::request& request) {
  const auto id = number(request.param("id"));
  const auto found = id ? items.find(*id) : std::nullopt;
  return found ? answer(shown(*found)) : no_such_item(request.param("id"));
}

http::response change(store& items, const http::request& request) {
  const input given = read(request);
  if (!given.problem.empty()) return refuse(400, "invalid", given.problem);
  const auto id = number(request.param("id"));
  const auto changed = id ? items.change(*id, given.title, given.done) : std::nullopt;
  return changed ? answer(shown(*changed)) : no_such_item(request.param("id"));
}

http::response remove(store& items, const http::request& request) {
  const auto id = number(request.param("id"));
  return id && items.remove(*id) ? http::status(204) : no_such_item(request.param("id"));
}

}  // namespace

void add_routes(http::router& app, store& items, finisher finish) {
  const auto with_store = [&items, finish](auto function) {
    return [&items, finish, function](const http::request& request) {
      http::response result = function(items, request);
      if (finish) finish(result);
      return result;
    };
  };
  app.get("/v1/todos", with_store(list));
  app.post("/v1/todos", with_store(create));
  app.get("/v1/todos/{id}", with_store(show));
  app.patch("/v1/todos/{id}", with_store(change));
  app.del("/v1/todos/{id}", with_store(remove));
}

}  // namespace todo
