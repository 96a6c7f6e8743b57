// SPDX-License-Identifier: BSL-1.0
// Listeners that come and go while clients, reloads and the deaths of supervisors go on.
#include "../adoption/succession.hpp"
#include "../reload/workbench.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <random>

using namespace cluster::test;
using manner = strict_load::manner;

namespace {

struct open_cluster {
  explicit open_cluster(const std::string& schedule)
      : supervisors({"--workers", "2", "--schedule", schedule, "--control", control()}) {
    supervisors.now().wait_ready(2);
  }
  std::string control() const { return place / "c.sock"; }
  bool ask(connection& with, const std::string& what, const std::string& body = {}) const {
    return with.send(what + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
                     "\r\n\r\n" + body);
  }
  answer ask(const std::string& what, const std::string& body = {}) const {
    connection client(control());
    INFO(client.problem());
    REQUIRE(client.open());
    REQUIRE(ask(client, what, body));
    return client.receive();
  }
  std::uint16_t add(const std::string& uri) const {
    const answer got = ask("POST /v1/listeners", R"({"uri":")" + uri + R"("})");
    INFO(got.body);
    REQUIRE(got.status == 201);
    const auto json = boost::json::parse(got.body);
    const std::string where(json.at("listeners").at(0).at("uri").as_string());
    return static_cast<std::uint16_t>(std::stoi(where.substr(where.rfind(':') + 1)));
  }
  std::set<std::string> names() const {
    std::set<std::string> found;
    const auto status = boost::json::parse(ask("GET /v1/status").body);
    for (const auto& each : status.at("listeners").as_array()) found.emplace(each.at("name").as_string());
    return found;
  }

  scratch_folder place;
  succession supervisors;
};

}  // namespace

TEST_CASE(
    "a listener added to a cluster under load is served through reload, scaling and the supervisor's death",
    "[schedule][listeners]") {
  const std::string schedule = GENERATE(as<std::string>{}, "shared", "round-robin", "reuse-port");
  open_cluster cluster(schedule);
  const std::uint16_t first = cluster.supervisors.now().port();
  const std::uint64_t seed = std::random_device{}();
  // What it holds at that moment dies with a supervisor that accepts by itself: a client that always comes
  // anew would meet that moment now and then.
  const unsigned fresh = schedule == "round-robin" ? 0 : 1;
  strict_load there(first, seed, {{manner::busy, 1}, {manner::single, fresh}});
  there.wait_for_more(50);
  const std::uint16_t port = cluster.add("tcp://127.0.0.1:0?name=late");
  strict_load here(
      port, seed,
      {{manner::busy, 1}, {manner::single, 2 * fresh}, {manner::holder, 4}, {manner::pipelined, 1}});
  here.wait_for_more(100);
  cluster.supervisors.now().signal(SIGHUP);
  cluster.supervisors.now().wait_for("reload completed: 2 of 2 slots");
  here.wait_for_more(50);
  cluster.supervisors.kill();
  here.wait_for_more(50);
  program& next = cluster.supervisors.start();
  next.wait_for("took over 2 of 2 workers");
  here.wait_for_more(50);
  CHECK(cluster.names() == std::set<std::string>{"tcp-0", "late"});
  next.signal(SIGTTIN);
  next.wait_for("scaled to 3");
  here.wait_for_more(100);
  const strict_load::result seen = here.finish();
  WARN(schedule << ", seed " << seed << ": " << seen.words());
  CHECK(seen.lost() == 0);

  // Clients may be refused when it is gone; before, each connection that is made is answered.
  const idle_connections held = settle(port, 6);
  load callers(port, load::mode::connection_per_request, 2);
  callers.wait_for_more(50);
  const answer removed = cluster.ask("DELETE /v1/listeners/late");
  INFO(removed.body << next.output());
  CHECK(removed.status == 200);
  CHECK_FALSE(connection(port).open());
  const load::result called = callers.finish();
  INFO(called.first_problem);
  CHECK(called.failed == 0);
  for (const auto& each : held) CHECK(each->get("/").status == 200);
  CHECK(cluster.names() == std::set<std::string>{"tcp-0"});
  const strict_load::result others = there.finish();
  INFO(others.words());
  CHECK(others.lost() == 0);
  next.signal(SIGTERM);
  CHECK(next.wait_exit().code == 0);
}

TEST_CASE("what a supervisor had begun to take away the next one takes away", "[schedule][listeners]") {
  const std::string schedule = GENERATE(as<std::string>{}, "shared", "round-robin", "reuse-port");
  INFO(schedule);
  open_cluster cluster(schedule);
  const std::uint16_t port = cluster.add("tcp://127.0.0.1:0?name=late");
  const idle_connections held = settle(port, 4);
  connection asks(cluster.control());
  REQUIRE(cluster.ask(asks, "DELETE /v1/listeners/late"));
  cluster.supervisors.now().wait_for("(late) no more");
  cluster.supervisors.kill();
  program& next = cluster.supervisors.start();
  next.wait_for("took over 2 of 2 workers");
  next.wait_for("(late) no more");
  CHECK(cluster.names() == std::set<std::string>{"tcp-0"});
  // It is closed when its address can be had again.
  answer again;
  const auto deadline = std::chrono::steady_clock::now() + patience;
  do {
    again = cluster.ask("POST /v1/listeners", R"({"uri":"tcp://127.0.0.1:)" + std::to_string(port) + R"("})");
  } while (again.status == 409 && std::chrono::steady_clock::now() < deadline);
  INFO(again.body << next.output());
  CHECK(again.status == 201);
  CHECK(get(port, "/").status == 200);
  for (const auto& each : held) CHECK(each->get("/").status == 200);
  next.signal(SIGTERM);
  CHECK(next.wait_exit().code == 0);
}

TEST_CASE("what cannot be added or taken away is refused on the control interface", "[schedule][listeners]") {
  open_cluster cluster("shared");
  const std::string taken = "tcp://127.0.0.1:" + std::to_string(cluster.supervisors.now().port());
  CHECK(cluster.ask("POST /v1/listeners", R"({"uri":")" + taken + R"("})").status == 409);
  CHECK(cluster.ask("POST /v1/listeners", R"({"uri":"nowhere at all"})").status == 400);
  CHECK(cluster.ask("POST /v1/listeners", R"({"url":"x"})").body.find("url") != std::string::npos);
  CHECK(cluster.ask("POST /v1/listeners", "{}").status == 400);
  CHECK(cluster.ask("POST /v1/listeners", R"({"uri":7})").status == 400);
  CHECK(cluster.ask("POST /v1/listeners?wait=1", R"({"uri":"1"})").status == 400);
  const answer unknown = cluster.ask("DELETE /v1/listeners/late");
  CHECK(unknown.status == 404);
  CHECK(unknown.body.find("there is no listener named 'late'; there are tcp-0") != std::string::npos);
  CHECK(cluster.names() == std::set<std::string>{"tcp-0"});
  cluster.supervisors.now().signal(SIGTERM);
  CHECK(cluster.supervisors.now().wait_exit().code == 0);
}
