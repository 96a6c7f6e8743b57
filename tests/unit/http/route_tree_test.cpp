// SPDX-License-Identifier: BSL-1.0
#include "http/route_tree.hpp"
#include "support/catch.hpp"

#include <cluster/http/router.hpp>

#include <stdexcept>
#include <string>

using namespace cluster::http;

namespace {

response nothing() { return {}; }

// Which pattern answers, and what it took: the handler of a route says its pattern.
class routes {
 public:
  void add(verb method, const std::string& pattern) {
    tree_.add(
        method, pattern,
        std::make_shared<route>(route{handler([pattern] { return text(pattern); }), {}, &tree_.hooks()}));
  }
  void add(const std::string& pattern) { add(verb::get, pattern); }

  std::string find(const std::string& path, verb method = verb::get) {
    const route_match match = tree_.find(method, path, params_);
    if (match.target == nullptr)
      return match.allowed == 0 ? "none" : "allowed: " + allow_value(match.allowed);
    exchange unused{{}};
    std::string out = match.target->answer.plain()(unused.view).body();
    for (std::size_t i = 0; i < params_.count; ++i)
      out.append(" ").append(params_.list[i].first).append("=").append(params_.list[i].second);
    return out;
  }

 private:
  route_tree tree_;
  route_params params_;
};

}  // namespace

TEST_CASE("literals, parameters and rests", "[http][router]") {
  routes r;
  r.add("/");
  r.add("/v1/todos");
  r.add("/v1/todos/");
  r.add("/v1/todos/new");
  r.add("/v1/todos/{id}");
  r.add("/v1/todos/{id}/notes/{note}");
  r.add("/files/{path*}");
  r.add("/files/readme");

  CHECK(r.find("/") == "/");
  CHECK(r.find("/v1/todos") == "/v1/todos");
  CHECK(r.find("/v1/todos/") == "/v1/todos/");
  CHECK(r.find("/v1/todos/new") == "/v1/todos/new");
  CHECK(r.find("/v1/todos/7") == "/v1/todos/{id} id=7");
  CHECK(r.find("/v1/todos/7/notes/8") == "/v1/todos/{id}/notes/{note} id=7 note=8");
  CHECK(r.find("/v1/todos/new/notes/8") == "/v1/todos/{id}/notes/{note} id=new note=8");
  CHECK(r.find("/v1/todos/7/") == "none");
  CHECK(r.find("/v1/todos//notes/8") == "none");
  CHECK(r.find("/v1") == "none");
  CHECK(r.find("/V1/todos") == "none");
  CHECK(r.find("/files/") == "/files/{path*} path=");
  CHECK(r.find("/files/a/b/c") == "/files/{path*} path=a/b/c");
  CHECK(r.find("/files/readme") == "/files/readme");
  CHECK(r.find("/files/readme/x") == "/files/{path*} path=readme/x");
  CHECK(r.find("/files") == "none");
  CHECK(r.find("//") == "none");
  CHECK(r.find("*") == "none");
}

TEST_CASE("paths are compared decoded, segment by segment", "[http][router]") {
  routes r;
  r.add("/a b/c");
  r.add("/{x}/d");
  CHECK(r.find("/a%20b/c") == "/a b/c");
  CHECK(r.find("/%61%20b/%63") == "/a b/c");
  CHECK(r.find("/a%2Fb/d") == "/{x}/d x=a%2Fb");
  CHECK(r.find("/a%2Fd") == "none");
}

TEST_CASE("methods", "[http][router]") {
  routes r;
  r.add(verb::get, "/a");
  r.add(verb::post, "/a");
  r.add(verb::get, "/users/me");
  r.add(verb::delete_, "/users/{id}");
  r.add(verb::head, "/h");
  r.add(verb::get, "/h");

  CHECK(r.find("/a", verb::post) == "/a");
  CHECK(r.find("/a", verb::head) == "/a");
  CHECK(r.find("/a", verb::put) == "allowed: GET, HEAD, POST, OPTIONS");
  CHECK(r.find("/users/me", verb::delete_) == "/users/{id} id=me");
  CHECK(r.find("/users/me", verb::put) == "allowed: DELETE, GET, HEAD, OPTIONS");
  CHECK(r.find("/users/7", verb::get) == "allowed: DELETE, OPTIONS");
  CHECK(r.find("/h", verb::head) == "/h");
}

TEST_CASE("one method, two names for a parameter", "[http][router]") {
  routes r;
  r.add(verb::get, "/x/{a}");
  r.add(verb::put, "/x/{b}");
  CHECK(r.find("/x/1", verb::get) == "/x/{a} a=1");
  CHECK(r.find("/x/1", verb::put) == "/x/{b} b=1");
}

TEST_CASE("malformed patterns are refused when they are added", "[http][router]") {
  for (const char* bad :
       {"", "a", "/{", "/}", "/{}", "/{*}", "/a{b}", "/{a}b", "/{a}/{a}", "/{a*}/b", "/{a{b}}",
        "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}/{j}/{k}/{l}/{m}/{n}/{o}/{p}/{q}"}) {
    INFO(bad);
    router app;
    CHECK_THROWS_AS(app.get(bad, nothing), std::invalid_argument);
  }
  router app;
  app.get("/a/{b}", nothing);
  CHECK_THROWS_AS(app.get("/a/{c}", nothing), std::invalid_argument);
  CHECK_THROWS_AS(app.route(verb::connect, "/a", nothing), std::invalid_argument);
  app.put("/a/{c}", nothing);
}

TEST_CASE("every shape of handler", "[http][router]") {
  const auto plain = [](auto f) { return !handler(f).is_coroutine(); };
  CHECK(plain([](const request&) { return response(); }));
  CHECK(plain([] { return response(); }));
  CHECK(plain(nothing));
  CHECK_FALSE(plain([](const request&) -> boost::asio::awaitable<response> { co_return response(); }));
  CHECK_FALSE(plain([]() -> boost::asio::awaitable<response> { co_return response(); }));
}

TEST_CASE("a mounted router lies below its prefix", "[http][router]") {
  router outer;
  router inner;
  inner.get("/", [] { return text("root"); });
  inner.get("/a/{x}", [] { return text("a"); });
  inner.fallback([] { return text("lost"); });
  router innermost;
  innermost.post("/p", [] { return text("p"); });
  inner.mount("/deep", std::move(innermost));
  outer.mount("/in/{id}", std::move(inner));
  outer.get("/in/fixed", [] { return text("fixed"); });
  route_params params;
  exchange unused{{}};
  const auto find = [&](const std::string& path, verb method = verb::get) {
    const route_match match = outer.tree().find(method, path, params);
    if (match.target == nullptr) return "none " + (match.allowed != 0 ? allow_value(match.allowed) : "");
    std::string out = match.target->answer.plain()(unused.view).body();
    for (std::size_t i = 0; i < params.count; ++i)
      out.append(" ").append(params.list[i].first).append("=").append(params.list[i].second);
    return out;
  };
  CHECK(find("/in/7") == "root id=7");
  CHECK(find("/in/7/") == "lost");
  CHECK(find("/in/7/a/8") == "a id=7 x=8");
  CHECK(find("/in/7/b") == "lost");
  CHECK(find("/in/7/deep/p", verb::post) == "p id=7");
  CHECK(find("/in/7/deep/p") == "none POST, OPTIONS");
  CHECK(find("/in/7/deep/q") == "lost");
  CHECK(find("/in/fixed") == "fixed");
  CHECK(find("/in") == "none ");
  CHECK(find("/other") == "none ");
  // What was mounted is empty and can be filled anew.
  inner.get("/again", [] { return text("again"); });
  outer.mount("/more", std::move(inner));
  CHECK(find("/more/again") == "again");
  CHECK(find("/more/a/1") == "none ");
}

TEST_CASE("prefixes that cannot be", "[http][router]") {
  for (const char* prefix : {"", "/", "a", "/a/", "/{x}y"}) {
    INFO(prefix);
    router outer;
    router inner;
    inner.get("/b", [] { return nothing(); });
    CHECK_THROWS_AS(outer.mount(prefix, std::move(inner)), std::invalid_argument);
  }
  router outer;
  router inner;
  outer.get("/a/b", [] { return nothing(); });
  inner.get("/b", [] { return nothing(); });
  CHECK_THROWS_AS(outer.mount("/a", std::move(inner)), std::invalid_argument);
}

TEST_CASE("each route has a place of its own, under the name it is counted by", "[http][router]") {
  router inner;
  inner.get("/", nothing).post("/{id}", nothing).fallback(nothing);
  router outer;
  outer.get("/todos", nothing).mount("/api", std::move(inner));
  const auto names = outer.tree().names(64);
  CHECK(names == std::vector<std::string>{"none", "other", "GET /todos", "GET /api", "POST /api/{id}",
                                          "fallback /api"});
  route_params params;
  const auto name_of = [&](verb method, const char* path) {
    const route_match match = outer.tree().find(method, path, params);
    return match.target == nullptr ? names[0] : names.at(match.target->place);
  };
  CHECK(name_of(verb::get, "/todos") == "GET /todos");
  CHECK(name_of(verb::head, "/todos") == "GET /todos");
  CHECK(name_of(verb::get, "/api") == "GET /api");
  CHECK(name_of(verb::post, "/api/7") == "POST /api/{id}");
  CHECK(name_of(verb::get, "/api/x/y") == "fallback /api");
  CHECK(name_of(verb::put, "/todos") == "none");
  CHECK(outer.tree().names(3).size() == 3);
}
