// SPDX-License-Identifier: BSL-1.0
// The description of the interface and the interface are the same thing.
#include "control/fields.hpp"
#include "control/render.hpp"
#include "control/routes.hpp"

#include "sample.hpp"
#include "support/catch.hpp"
#include "support/schema.hpp"

#include <boost/json/parse.hpp>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

using namespace cluster;
using namespace cluster::control;
using namespace cluster::test;

namespace {

const schemas& described() {
  static const schemas all = [] {
    std::ifstream file(CLUSTER_TEST_SOURCE_DIR "/docs/reference/openapi.json");
    std::ostringstream text;
    text << file.rdbuf();
    return schemas(boost::json::parse(text.str()));
  }();
  return all;
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

void check(const std::string& name, const std::string& json) {
  for (const std::string& each : described().check(name, boost::json::parse(json))) FAIL_CHECK(each);
}

}  // namespace

TEST_CASE("the description has every route of the server and no other") {
  std::set<std::string> server;
  for (const route& each : routes()) {
    const auto method = boost::beast::http::to_string(each.method);
    server.insert(lower(std::string(method.data(), method.size())) + " " + std::string(each.path));
  }
  std::set<std::string> paper;
  for (const auto& path : described().document().at("paths").as_object())
    for (const auto& method : path.value().as_object()) {
      paper.insert(std::string(method.key()) + " " + std::string(path.key()));
      CHECK_FALSE(method.value().at("summary").as_string().empty());
      CHECK(method.value().at("responses").as_object().contains("403"));
    }
  CHECK(paper == server);
  CHECK(described().document().at("openapi").as_string() == "3.1.0");
}

TEST_CASE("what the server writes is what is described") {
  cluster_status now = sample_status();
  check("Status", status_json(now, sample_measurements()));
  check("Status", status_json(now, {}));
  check("Status", status_json({}, {}));
  reload_report report;
  for (const auto how : {reload_report::outcome::completed, reload_report::outcome::failed,
                         reload_report::outcome::rolled_back, reload_report::outcome::aborted}) {
    report.how = how;
    check("Report", report_json(report));
  }
  report.stage = "soak";
  report.reason = "why";
  now.last_reload = report;
  now.rollout.reset();
  check("Status", status_json(now, {}));
  check("Error", error_reply(404, "not_found", "there is nothing").body);
  check("Probe", readiness_json(now, readiness_of(now)));
  check("Probe", readiness_json({}, readiness_of({})));
}

TEST_CASE("every kind of event is described") {
  for (int kind = 0; kind <= static_cast<int>(event_kind::stopped); ++kind) {
    event what;
    what.kind = static_cast<event_kind>(kind);
    what.worker = {3};
    what.pid = 17;
    what.generation = {1};
    what.delay = std::chrono::milliseconds(5);
    what.text = "words";
    check("Event", event_json(what));
  }
}

TEST_CASE("a line of a worker is described, and valid whatever it holds") {
  output_line line;
  line.sequence = 9;
  line.text = "tab\tbell\a \xff \"quoted\"";
  check("LogLine", line_json(line));
  line.error = true;
  check("LogLine", line_json(line));
}

TEST_CASE("the check itself finds what does not fit") {
  const auto wrong = [](const std::string& json) {
    return described().check("Accepted", boost::json::parse(json)).size();
  };
  CHECK(wrong(R"({"id":1})") == 0);
  CHECK(wrong(R"({})") == 1);
  CHECK(wrong(R"({"id":"1"})") == 1);
  CHECK(wrong(R"({"id":1,"more":2})") == 1);
  CHECK(described().check("Stopping", boost::json::parse(R"({"mode":"slow"})")).size() == 1);
}
