// SPDX-License-Identifier: BSL-1.0
// The control interface of a real cluster, as scripts use it.
#include "controlled.hpp"
#include "support/exposition.hpp"
#include "support/schema.hpp"

#include <signal.h>

#include <fstream>
#include <sstream>

using namespace cluster::test;
using namespace std::chrono_literals;

namespace {

std::vector<std::string> against_schema(const std::string& name, const std::string& json) {
  std::ifstream file(CLUSTER_TEST_SOURCE_DIR "/docs/reference/openapi.json");
  std::ostringstream text;
  text << file.rdbuf();
  return schemas(boost::json::parse(text.str())).check(name, boost::json::parse(json));
}

}  // namespace

TEST_CASE("status, probes and metrics of a real cluster are as described", "[control]") {
  controlled it;
  it.cluster.wait_ready(2);
  const answer status = it.ask("GET", "/v1/status?pss=1");
  CHECK(status.status == 200);
  CHECK(status.field("Content-Type") == "application/json");
  for (const std::string& wrong : against_schema("Status", status.body)) FAIL_CHECK(wrong);
  const auto json = boost::json::parse(status.body);
  CHECK(json.at("name").as_string() == "workbench");
  CHECK(json.at("pid").as_int64() == it.cluster.pid());
  CHECK(json.at("state").as_string() == "running");
  CHECK(json.at("listeners").at(0).at("uri").as_string() == it.cluster.uri());
  REQUIRE(json.at("workers").as_array().size() == 2);
  const auto& worker = json.at("workers").at(0);
  CHECK(worker.at("state").as_string() == "ready");
  CHECK(worker.at("rss_bytes").as_int64() > 1'000'000);
  CHECK(worker.at("pss_bytes").as_int64() > 0);
  CHECK(worker.at("cpu_percent").is_number());
  CHECK(status.body.find("CLUSTER_") == std::string::npos);  // nothing of the environment

  for (int i = 0; i < 20; ++i) REQUIRE(get(it.cluster.port(), "/").status == 200);
  CHECK(it.status().at("totals").at("requests").as_int64() == 20);
  // Its successor counts from nothing, the whole goes on.
  REQUIRE(it.ask("POST", "/v1/reload?wait=1").status == 200);
  REQUIRE(get(it.cluster.port(), "/").status == 200);
  CHECK(it.status().at("totals").at("requests").as_int64() == 21);
  CHECK(it.ask("GET", "/metrics").body.find("cluster_requests_total 21\n") != std::string::npos);

  CHECK(it.ask("GET", "/healthz").status == 200);
  CHECK(it.ask("GET", "/readyz").status == 200);
  const answer metrics = it.ask("GET", "/metrics");
  CHECK(metrics.field("Content-Type").starts_with("text/plain; version=0.0.4"));
  CHECK(metrics.body.find("cluster_workers{state=\"ready\"} 2\n") != std::string::npos);
  connection head(it.socket());
  REQUIRE(head.send(controlled::request("HEAD", "/v1/status") + controlled::request("GET", "/readyz")));
  const std::string both = head.read_until("\"running\"}");
  CHECK(both.find("workers") == std::string::npos);  // fields only, no content
  it.stop();
  CHECK_FALSE(std::filesystem::exists(it.socket()));
}

TEST_CASE("reload with wait reports success, and the reason of a failure", "[control]") {
  const scratch_folder place;
  std::filesystem::copy_file(controlled::built(), place / "app");
  controlled it({"--workers", "2"}, place / "app");
  it.cluster.wait_ready(2);

  const answer good = it.ask("POST", "/v1/reload?wait=1", R"({"max_surge":2})");
  CHECK(good.status == 200);
  const auto report = boost::json::parse(good.body);
  CHECK(report.at("outcome").as_string() == "completed");
  CHECK(report.at("slots_done").as_int64() == 2);
  for (const std::string& wrong : against_schema("Report", good.body)) FAIL_CHECK(wrong);
  CHECK(it.status().at("generation").as_int64() == report.at("id").as_int64());

  // The next release does not start.
  std::ofstream(place / "next") << "#!/bin/sh\nexit 7\n";
  std::filesystem::permissions(place / "next", std::filesystem::perms::owner_all);
  std::filesystem::rename(place / "next", place / "app");
  const answer bad = it.ask("POST", "/v1/reload?wait=1");
  CHECK(bad.status == 500);
  INFO(bad.body);
  CHECK(error_code_of(bad) == "reload_failed");
  for (const std::string& wrong : against_schema("Error", bad.body)) FAIL_CHECK(wrong);
  CHECK(boost::json::parse(bad.body).at("error").at("message").as_string().find("exit code 7") !=
        boost::json::string::npos);
  const auto after = it.status();
  CHECK(after.at("generation").as_int64() == report.at("id").as_int64());
  CHECK(after.at("last_reload").at("outcome").as_string() == "failed");
  CHECK(after.at("ready").as_int64() == 2);
  it.stop();
}

TEST_CASE("reload without wait is accepted with an id, a second one is refused, an abort goes back",
          "[control]") {
  controlled it;
  it.cluster.wait_ready(2);
  const answer first = it.ask("POST", "/v1/reload", R"({"soak":"60s"})");
  CHECK(first.status == 202);
  CHECK(boost::json::parse(first.body).at("id").as_int64() == 2);
  const answer second = it.ask("POST", "/v1/reload");
  CHECK(second.status == 409);
  CHECK(error_code_of(second) == "reload_running");
  CHECK(it.status().at("rollout").at("id").as_int64() == 2);
  CHECK(error_code_of(it.ask("POST", "/v1/scale", R"({"workers":3})")) == "reload_running");
  CHECK(it.ask("POST", "/v1/reload/abort").status == 202);
  it.cluster.wait_for("it was aborted on request");
  CHECK(it.status().at("rollout").is_null());
  CHECK(error_code_of(it.ask("POST", "/v1/reload/abort")) == "no_reload");
  it.stop();
}

TEST_CASE("scale, restart and end do what they say", "[control]") {
  controlled it;
  it.cluster.wait_ready(2);
  CHECK(it.ask("POST", "/v1/scale?wait=1", R"({"workers":3})").status == 200);
  CHECK(it.status().at("ready").as_int64() == 3);
  CHECK(it.ask("POST", "/v1/scale?wait=1", R"({"workers":3})").status == 200);  // no change is no error
  CHECK(it.ask("POST", "/v1/scale?wait=1", R"({"workers":2})").status == 200);
  CHECK(error_code_of(it.ask("POST", "/v1/scale", R"({"min":4,"max":1})")) == "invalid_value");
  CHECK(error_code_of(it.ask("POST", "/v1/scale", R"({"min":4})")) == "invalid_value");
  CHECK(error_code_of(it.ask("POST", "/v1/scale", R"({"workers":2,"max":4})")) == "invalid_value");

  CHECK(it.ask("POST", "/v1/workers/1/restart?wait=1").status == 200);
  auto now = it.status();
  CHECK(now.at("workers").at(0).at("id").as_int64() == 4);
  CHECK(now.at("workers").at(0).at("last_exit").at("reason").as_string() == "recycled");
  CHECK(it.ask("DELETE", "/v1/workers/4?wait=1").status == 200);
  CHECK(error_code_of(it.ask("DELETE", "/v1/workers/4")) == "unknown_worker");
  CHECK(error_code_of(it.ask("POST", "/v1/workers/99/restart")) == "unknown_worker");
  it.cluster.wait_for("worker 5 (slot 0");
  it.stop();
}

TEST_CASE("stop answers, with wait when the last worker is gone", "[control]") {
  controlled it;
  it.cluster.wait_ready(2);
  const answer stopped = it.ask("POST", "/v1/stop?wait=1", R"({"mode":"fast"})");
  CHECK(stopped.status == 200);
  CHECK(it.cluster.wait_exit().code == 0);
  CHECK_FALSE(std::filesystem::exists(it.socket()));
}

TEST_CASE("unknown things are refused by name", "[control]") {
  controlled it({"--workers", "1"});
  it.cluster.wait_ready(1);
  const answer typo = it.ask("POST", "/v1/scale", R"({"worker":3})");
  CHECK(typo.status == 400);
  CHECK(typo.body.find("did you mean 'workers'?") != std::string::npos);
  CHECK(error_code_of(it.ask("POST", "/v1/reload?wiat=1")) == "unknown_parameter");
  CHECK(error_code_of(it.ask("POST", "/v1/reload", "{")) == "bad_json");
  CHECK(error_code_of(it.ask("POST", "/v1/reload", R"({"pause":"soon"})")) == "invalid_value");
  CHECK(error_code_of(it.ask("POST", "/v1/reload?wait=1", R"({"max_surge":0})")) == "reload_refused");
  CHECK(it.ask("GET", "/v2/status").status == 404);
  const answer method = it.ask("GET", "/v1/reload");
  CHECK(method.status == 405);
  CHECK(method.field("Allow") == "POST");
  it.stop();
}

TEST_CASE("events are streamed, and a stream is resumed where it broke off", "[control]") {
  controlled it({"--workers", "1"});
  it.cluster.wait_ready(1);
  std::string last_id;
  const auto read_until = [&](const std::string& target, const std::string& fields, const std::string& text) {
    connection client(it.socket());
    REQUIRE(client.send("GET " + target + " HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n"));
    std::string seen = client.read_until(text);
    const auto at = seen.rfind("\nid: ");
    if (at != seen.npos) last_id = seen.substr(at + 5, seen.find('\n', at + 5) - at - 5);
    return seen;
  };
  const std::string history = read_until("/v1/events?history=1", "", "event: ready\n");
  CHECK(history.find("event: forked\n") != std::string::npos);
  const std::string resume_at = last_id;
  REQUIRE(it.ask("POST", "/v1/workers/1/restart?wait=1").status == 200);
  // What happened in between comes, once, in order, and nothing from before.
  const std::string resumed =
      read_until("/v1/events", "Last-Event-ID: " + resume_at + "\r\n", "\"reason\":\"recycled\"");
  CHECK(resumed.find("event: lost") == std::string::npos);
  CHECK(resumed.find("event: reset") == std::string::npos);
  const auto number = std::stoul(resume_at.substr(resume_at.find(':') + 1));
  std::size_t at = 0;
  for (auto expected = number + 1; (at = resumed.find("\nid: ", at)) != resumed.npos; ++expected, ++at) {
    const auto colon = resumed.find(':', at + 5);
    CHECK(std::stoul(resumed.substr(colon + 1)) == expected);
  }
  CHECK(read_until("/v1/events?after=deadbeef:1", "", "event: forked\n").find("event: reset") !=
        std::string::npos);
  // The last words come before the end.
  connection until_the_end(it.socket());
  REQUIRE(until_the_end.send("GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n"));
  until_the_end.read_until(": cluster events");
  it.cluster.signal(SIGTERM);
  until_the_end.read_until("event: stopped\n");
  CHECK(it.cluster.wait_exit().code == 0);
}

TEST_CASE("metrics and probes over TCP, and nothing else there", "[control]") {
  controlled it({"--workers", "1", "--admin", "0", "--control", "off"});
  const std::string line = it.cluster.wait_for("metrics and probes at tcp://127.0.0.1:");
  const auto port = static_cast<std::uint16_t>(std::stoul(line.substr(line.rfind(':') + 1)));
  it.cluster.wait_ready(1);
  CHECK(get(port, "/readyz").status == 200);
  CHECK(get(port, "/healthz").status == 200);
  CHECK(get(port, "/metrics").body.find("cluster_ready 1\n") != std::string::npos);
  CHECK(get(port, "/v1/status").status == 404);
  connection client(port);
  REQUIRE(client.send(controlled::request("POST", "/v1/stop") + controlled::request("GET", "/v1/events") +
                      controlled::request("DELETE", "/metrics")));
  CHECK(client.receive().status == 404);
  CHECK(client.receive().status == 404);
  CHECK(client.receive().status == 405);
  CHECK_FALSE(std::filesystem::exists(it.socket()));
  program taken({controlled::built(),
                 {"--listen", "127.0.0.1:0", "--admin", "127.0.0.1:" + std::to_string(port)},
                 {},
                 {}});
  CHECK(taken.wait_exit().code == 3);
  CHECK(taken.output().find("admin: ") != std::string::npos);
  it.stop();
}

TEST_CASE("two clusters on one socket: the second one says so and ends with 5", "[control]") {
  controlled it({"--workers", "1", "--rendezvous", "off"});
  it.cluster.wait_ready(1);
  program second({controlled::built(), it.with_socket({"--workers", "1", "--rendezvous", "off"}), {}, {}});
  CHECK(second.wait_exit().code == 5);
  CHECK(second.output().find("another cluster is served there, by process " +
                             std::to_string(it.cluster.pid())) != std::string::npos);
  CHECK(it.status().at("ready").as_int64() == 1);
  it.cluster.signal(SIGKILL);
  it.cluster.wait_exit();
  // The file that a killed one left is taken over.
  program third({controlled::built(), it.with_socket({"--workers", "1", "--rendezvous", "off"}), {}, {}});
  third.wait_ready(1);
  CHECK(it.status().at("pid").as_int64() == third.pid());
  third.signal(SIGTERM);
  CHECK(third.wait_exit().code == 0);
}

TEST_CASE("without a path the default one is used, and a second cluster of that name gets its own",
          "[control]") {
  const scratch_folder home;
  const auto start = [&] {
    return program_settings{controlled::built(),
                            {"--listen", "127.0.0.1:0", "--workers", "1"},
                            {"XDG_RUNTIME_DIR=" + home.path()},
                            {}};
  };
  program first(start());
  first.wait_for("control interface at " + (home / "cluster/workbench.sock"));
  program second(start());
  second.wait_for("control interface at " +
                  (home / "cluster/workbench." + std::to_string(second.pid()) + ".sock"));
  first.signal(SIGTERM);
  CHECK(first.wait_exit().code == 0);
  second.signal(SIGTERM);
  CHECK(second.wait_exit().code == 0);
  CHECK(std::filesystem::is_empty(home / "cluster"));
  program off({controlled::built(),
               {"--listen", "127.0.0.1:0", "--workers", "1", "--control", "off"},
               {"XDG_RUNTIME_DIR=" + home.path()},
               {}});
  off.wait_ready(1);
  CHECK(std::filesystem::is_empty(home / "cluster"));
  off.signal(SIGTERM);
  CHECK(off.wait_exit().code == 0);
}

TEST_CASE("a paused worker gets nothing new, and what it holds waits until it goes on", "[control]") {
  controlled it;
  it.cluster.wait_ready(2);
  connection held(it.cluster.port());
  REQUIRE(held.send("GET /whoami HTTP/1.1\r\nHost: x\r\n\r\n"));
  const std::string holder = held.receive().field("X-Worker");
  const std::string path = "/v1/workers/" + holder;
  const answer done = it.ask("POST", path + "/pause");
  CHECK(done.status == 200);
  for (const std::string& wrong : against_schema("Ordered", done.body)) FAIL_CHECK(wrong);
  const auto then = it.status();
  for (const auto& each : then.at("workers").as_array())
    CHECK(each.at("paused").as_bool() == (std::to_string(each.at("id").as_int64()) == holder));
  REQUIRE(held.send("GET /whoami HTTP/1.1\r\nHost: x\r\n\r\n"));
  for (int i = 0; i < 10; ++i) {
    const answer other = get(it.cluster.port(), "/");
    CHECK(other.status == 200);
    CHECK(other.field("X-Worker") != holder);
  }
  CHECK(it.ask("POST", path + "/resume").status == 200);
  CHECK(held.receive().field("X-Worker") == holder);
  CHECK(it.ask("POST", path + "/resume").status == 200);  // no change is no error
  CHECK(error_code_of(it.ask("POST", "/v1/workers/99/pause")) == "unknown_worker");
  CHECK(error_code_of(it.ask("POST", path + "/pause", R"({"for":3})")) == "unknown_field");
  it.stop();
}

TEST_CASE("answers are counted by route, and no counter goes back when workers are replaced", "[control]") {
  controlled it;
  it.cluster.wait_ready(2);
  const auto metrics = [&] { return scrape(it.ask("GET", "/metrics").body); };
  const auto count = [](const scraped& from, const std::string& labels) {
    const auto found = from.samples.find("cluster_http_requests_total{" + labels + "}");
    return found == from.samples.end() ? -1 : found->second;
  };
  CHECK(count(metrics(), "route=\"GET /say/{text}\",status=\"2xx\"") == 0);
  for (int i = 0; i < 5; ++i) REQUIRE(get(it.cluster.port(), "/say/" + std::to_string(i)).status == 200);
  for (int i = 0; i < 3; ++i) REQUIRE(get(it.cluster.port(), "/ms/1").status == 200);  // a coroutine
  REQUIRE(get(it.cluster.port(), "/nowhere").status == 404);
  REQUIRE(get(it.cluster.port(), "/throw").status == 500);
  // A worker shows its work at the end of a batch, a moment after the answers.
  const auto metrics_with = [&](const std::string& labels, double wanted) {
    const auto give_up = std::chrono::steady_clock::now() + patience;
    scraped seen = metrics();
    while (count(seen, labels) < wanted && std::chrono::steady_clock::now() < give_up) seen = metrics();
    return seen;
  };
  const scraped before = metrics_with("route=\"GET /throw\",status=\"5xx\"", 1);
  CHECK(count(before, "route=\"GET /say/{text}\",status=\"2xx\"") == 5);
  CHECK(count(before, "route=\"GET /ms/{time}\",status=\"2xx\"") == 3);
  CHECK(count(before, "route=\"none\",status=\"4xx\"") == 1);
  CHECK(count(before, "route=\"GET /throw\",status=\"5xx\"") == 1);
  CHECK(before.samples.at("cluster_http_route_duration_seconds_count{route=\"GET /ms/{time}\"}") == 3);
  CHECK(before.samples.at("cluster_http_route_duration_seconds_sum{route=\"GET /ms/{time}\"}") >= 0.003);
  REQUIRE(it.ask("POST", "/v1/reload?wait=1").status == 200);
  REQUIRE(get(it.cluster.port(), "/say/again").status == 200);
  const scraped after = metrics_with("route=\"GET /say/{text}\",status=\"2xx\"", 6);
  CHECK(count(after, "route=\"GET /say/{text}\",status=\"2xx\"") == 6);
  for (const auto& [name, value] : before.samples) {
    const std::string family = name.substr(0, name.find('{'));
    if (!family.ends_with("_total") && !family.ends_with("_count") && !family.ends_with("_sum")) continue;
    INFO(name);
    REQUIRE(after.samples.count(name) == 1);
    CHECK(after.samples.at(name) >= value);
  }
  const std::string text = it.ask("GET", "/metrics").body;
  it.stop();
  if (!promtool_agrees(text)) skipped("promtool is not installed");
}

TEST_CASE("between bounds the number of workers follows the load, until it is given again", "[control]") {
  controlled it({"--workers", "1-3"});
  it.cluster.wait_ready(1);
  CHECK(it.status().at("scaling").at("max").as_int64() == 3);
  connection busy(it.cluster.port());
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (it.status().at("target").as_int64() == 1 && std::chrono::steady_clock::now() < deadline) {
    REQUIRE(busy.send("GET /spin/100 HTTP/1.1\r\nHost: x\r\n\r\n"));
    REQUIRE(busy.receive().status == 200);
  }
  it.cluster.wait_for("scaling from 1 to 2 workers: they were busy ");
  it.cluster.wait_ready(2);
  const answer bounds = it.ask("POST", "/v1/scale", R"({"min":3,"max":4})");
  CHECK(bounds.status == 200);
  for (const std::string& wrong : against_schema("Scaling", bounds.body)) FAIL_CHECK(wrong);
  it.cluster.wait_for("workers: that is the least");
  CHECK(it.ask("POST", "/v1/scale", R"({"workers":1})").status == 202);
  CHECK(it.status().at("scaling").is_null());
  CHECK(it.status().at("target").as_int64() == 1);
  it.stop();
}
