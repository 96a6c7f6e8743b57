// SPDX-License-Identifier: BSL-1.0
#include "control/routes.hpp"

#include "support/catch.hpp"

#include <string>

using namespace cluster::control;
using cluster::wire::verb;

TEST_CASE("every route is found by its own method and path, HEAD where GET is") {
  for (const route& each : routes()) {
    std::string path(each.path);
    if (const auto brace = path.find("{id}"); brace != path.npos) path.replace(brace, 4, "42");
    if (const auto brace = path.find("{name}"); brace != path.npos) path.replace(brace, 6, "tcp-0");
    INFO(path);
    const routed found = find_route(each.method, path, false);
    REQUIRE(found.to != nullptr);
    CHECK(found.to->what == each.what);
    if (path.ends_with("tcp-0")) CHECK(found.name == "tcp-0");
    else if (path != each.path) CHECK(found.id == 42);
    const bool head = find_route(verb::head, path, false).to != nullptr;
    CHECK(head == (each.method == verb::get));
  }
}

TEST_CASE("what does not exist is 404, another method 405 with those that there are") {
  for (const char* path :
       {"/", "", "/v1", "/v1/", "/v1/status/", "/v2/status", "/v1/workers", "/v1/workers/", "/v1/workers/x",
        "/v1/workers/-1", "/v1/workers/1/", "/v1/workers/1/restart/", "/v1/workers//restart",
        "/v1/listeners/", "/v1/listeners/a/b", "/v1/workers/99999999999999999999", "/V1/status"}) {
    INFO(path);
    const routed found = find_route(verb::get, path, false);
    CHECK(found.to == nullptr);
    CHECK(found.status == 404);
  }
  const routed wrong = find_route(verb::get, "/v1/reload", false);
  CHECK(wrong.to == nullptr);
  CHECK(wrong.status == 405);
  CHECK(wrong.allowed[0] == "POST");
  CHECK(find_route(verb::get, "/v1/workers/3", false).allowed[0] == "DELETE");
}

TEST_CASE("a listener that only shows has metrics and probes, and nothing else at all") {
  int shown = 0;
  for (const route& each : routes()) {
    const std::string path(each.path);
    const routed found = find_route(each.method, path, true);
    const bool probe = path == "/metrics" || path == "/healthz" || path == "/readyz";
    CHECK((found.to != nullptr) == probe);
    if (found.to != nullptr) CHECK_FALSE(found.to->changes);
    else CHECK(found.status == 404);
    shown += probe ? 1 : 0;
  }
  CHECK(shown == 3);
}
