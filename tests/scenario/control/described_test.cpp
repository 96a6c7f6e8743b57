// SPDX-License-Identifier: BSL-1.0
// Each call of the description is made to a real cluster: the answer has a status that is described, and the
// form that is described for it.
#include "controlled.hpp"
#include "support/schema.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

using namespace cluster::test;

namespace {

schemas description() {
  std::ifstream file(CLUSTER_TEST_SOURCE_DIR "/docs/reference/openapi.json");
  std::ostringstream text;
  text << file.rdbuf();
  return schemas(boost::json::parse(text.str()));
}

std::string with_id(std::string path, const std::string& id) {
  if (const auto at = path.find("{id}"); at != path.npos) path.replace(at, 4, id);
  return path;
}

struct called {
  std::string method;
  std::string path;
  const boost::json::object* responses;
};

/// All calls; the one that ends the cluster comes last.
std::vector<called> calls_of(const schemas& all) {
  std::vector<called> found;
  for (const auto& path : all.document().at("paths").as_object())
    for (const auto& method : path.value().as_object()) {
      std::string verb(method.key());
      std::transform(verb.begin(), verb.end(), verb.begin(),
                     [](char c) { return static_cast<char>(c - 32); });
      found.push_back({verb, std::string(path.key()), &method.value().at("responses").as_object()});
    }
  std::stable_partition(found.begin(), found.end(),
                        [](const called& each) { return each.path != "/v1/stop"; });
  return found;
}

void hold_against(const schemas& all, const called& what, const answer& got) {
  INFO(what.method << " " << what.path << ": " << got.status << " " << got.body);
  const auto* described = what.responses->if_contains(std::to_string(got.status));
  REQUIRE(described != nullptr);
  const auto& content = described->at("content").as_object();
  const std::string type = got.field("Content-Type");
  const auto* form = content.if_contains(type.substr(0, type.find(';')));
  REQUIRE(form != nullptr);
  if (type != "application/json") return;
  for (const std::string& wrong : all.check_against(form->at("schema"), boost::json::parse(got.body)))
    FAIL_CHECK(wrong);
}

}  // namespace

TEST_CASE("every call answers as it is described, well and ill", "[control]") {
  const schemas all = description();
  controlled it({"--workers", "2", "--rendezvous", "off", "--logs", "capture"});
  it.cluster.wait_ready(2);
  const auto calls = calls_of(all);
  CHECK(calls.size() >= 15);
  for (const called& each : calls) {
    if (each.path == "/v1/events") continue;  // has no end; see below
    const std::string path = with_id(each.path, "99");
    if (each.method != "GET") hold_against(all, each, it.ask(each.method, path, R"({"nonsense":1})"));
    if (!each.path.ends_with("z")) hold_against(all, each, it.ask(each.method, path + "?nonsense=1"));
    const bool worker = path != each.path;
    const std::string id = std::to_string(it.status().at("workers").at(0).at("id").as_int64());
    if (worker) hold_against(all, each, it.ask(each.method, path));
    if (each.path == "/v1/scale") {
      hold_against(all, each, it.ask(each.method, path, R"({"workers":3})"));
      hold_against(all, each, it.ask(each.method, path, R"({"min":2,"max":3})"));
    }
    hold_against(all, each, it.ask(each.method, with_id(each.path, id)));
    if (each.path == "/v1/reload") it.cluster.wait_for("slots replaced");
  }
  CHECK(it.cluster.wait_exit().code == 0);
}

TEST_CASE("the streams have the form that is described", "[control]") {
  const schemas all = description();
  controlled it({"--workers", "1"});
  it.cluster.wait_ready(1);
  connection client(it.socket());
  REQUIRE(client.send("GET /v1/events?history=1 HTTP/1.1\r\nHost: x\r\n\r\n"));
  const std::string seen = client.read_until("event: ready\n");
  CHECK(seen.find("Content-Type: text/event-stream\r\n") != seen.npos);
  std::istringstream lines(seen);
  int count = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("data: ")) continue;
    boost::system::error_code ec;
    const auto event = boost::json::parse(line.substr(6), ec);
    if (ec) continue;  // the last one is not whole yet
    for (const std::string& wrong : all.check("Event", event)) FAIL_CHECK(wrong);
    ++count;
  }
  CHECK(count >= 2);
  it.stop();
}
