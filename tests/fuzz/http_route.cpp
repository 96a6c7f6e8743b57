// SPDX-License-Identifier: BSL-1.0
// What is done with a request that was read: routing, parameters, queries, forms, cookies, conditions, log
// lines.
#include "http/exchange.hpp"
#include "http/json_text.hpp"
#include "http/moved_state.hpp"
#include "http/preconditions.hpp"
#include "http/route_tree.hpp"
#include "wire/date.hpp"
#include "wire/head_reader.hpp"

#include <cluster/http.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

using namespace cluster;

namespace {

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

const http::router& routes() {
  static const http::router app = [] {
    http::router inner;
    inner.get("/", [] { return http::text("root"); });
    inner.get("/a/{x}/{y*}", [] { return http::text("a"); });
    inner.fallback([] { return http::text("lost"); });
    http::router outer;
    outer.get("/", [] { return http::text("/"); });
    outer.get("/a/b", [] { return http::text("ab"); });
    outer.post("/a/{b}", [] { return http::text("post"); });
    outer.get("/{rest*}", [] { return http::text("rest"); });
    outer.mount("/in/{id}", std::move(inner));
    return outer;
  }();
  return app;
}

void request(std::string_view octets, std::string_view content) {
  const auto block = std::make_unique<char[]>(octets.size());
  octets.copy(block.get(), octets.size());
  http::exchange data({});
  wire::head_reader reader({});
  std::size_t scanned = 0;
  if (reader.read({block.get(), octets.size()}, scanned, data.head) != wire::head_state::complete) return;
  data.body = content;
  const http::route_match match = routes().tree().find(data.head.method, data.head.path, data.params);
  require(data.params.count <= http::route_params::most, "parameters");
  if (match.target != nullptr) static_cast<void>(match.target->answer.plain()(data.view));
  data.keep(block.get());
  const http::request& q = data.view;
  for (std::size_t i = 0; i < data.params.count; ++i) static_cast<void>(q.param(data.params.list[i].first));
  for (const char* name : {"a", "", "session"}) {
    static_cast<void>(q.query(name));
    static_cast<void>(q.form(name));
    static_cast<void>(q.cookie(name));
  }
  const http::validators of{"\"v1\"", 784111777, 1000};
  const http::selection chosen = http::select(q, of, 1'000'000'000);
  if (chosen.what == http::selection::result::part)
    require(chosen.length != 0 && chosen.first < of.size && chosen.length <= of.size - chosen.first, "range");
  const http::access what{&q, 200, 1, std::chrono::microseconds(1), "192.0.2.1:1"};
  for (const std::string& line : {http::common_log_line(what), http::json_log_line(what)})
    for (const char c : line) require(static_cast<unsigned char>(c) >= 0x20, "control in a log line");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const std::size_t end = all.find("\r\n\r\n");
  request(all, end == std::string_view::npos ? std::string_view{} : all.substr(end + 4));
  const std::string text = http::json_string(all);
  require(text.size() >= 2 && text.front() == '"' && text.back() == '"', "JSON string");
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    require(static_cast<unsigned char>(text[i]) >= 0x20 && text[i] != '"', "JSON string");
    if (text[i] == '\\') ++i;
  }
  if (const auto when = wire::parse_http_date(all, 1'700'000'000); when)
    require(wire::parse_http_date(wire::http_date(*when), 0) == when, "date");
  if (const auto state = http::unpack_state(all); state && !all.empty())
    require(http::unpack_state(http::pack_state(*state)).has_value(), "state");
  return 0;
}
