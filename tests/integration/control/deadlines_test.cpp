// SPDX-License-Identifier: BSL-1.0
// The class cluster::control_server, embedded, and how long it bears with slow clients.
#include "support/catch.hpp"
#include "support/http_client.hpp"

#include <cluster/control_client.hpp>
#include <cluster/control_server.hpp>
#include <cluster/supervisor.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <thread>

using namespace cluster;
using namespace cluster::test;
using namespace std::chrono_literals;

namespace {

/// A supervisor that runs nothing, with its interface, on a thread of its own.
struct served {
  explicit served(control_options settings = {}) : master(context.get_executor(), quiet()) {
    settings.path = folder / "c.sock";
    server = std::make_unique<control_server>(master, settings);
    server->open();
    thread = std::thread([this] { context.run(); });
  }
  ~served() {
    boost::asio::post(context, [this] { server->close(); });
    thread.join();
  }
  static options quiet() {
    options settings;
    settings.listen = {};
    settings.log.level = log_level::off;
    return settings;
  }
  std::string path() const { return folder / "c.sock"; }

  scratch_folder folder;
  boost::asio::io_context context;
  supervisor master;
  std::unique_ptr<control_server> server;
  std::thread thread;
};

control_options hasty() {
  control_options settings;
  settings.request_timeout = 150ms;
  settings.idle_timeout = 150ms;
  settings.write_timeout = 150ms;
  return settings;
}

}  // namespace

TEST_CASE("half a request gets 408 when its time is up", "[control]") {
  const served it(hasty());
  connection head(it.path());
  REQUIRE(head.send("GET /v1/sta"));
  CHECK(head.receive().status == 408);
  connection body(it.path());
  REQUIRE(body.send("POST /v1/stop HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"));
  CHECK(body.receive().status == 408);
  CHECK(body.closed_by_server());
}

TEST_CASE("an idle connection is closed without a word", "[control]") {
  const served it(hasty());
  connection idle(it.path());
  CHECK(idle.closed_by_server());
  connection used(it.path());
  REQUIRE(used.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"));
  CHECK(used.receive().status == 503);  // nothing runs here
  CHECK(used.closed_by_server());
}

TEST_CASE("who does not take an answer is let go", "[control]") {
  const served it(hasty());
  connection reader(it.path());
  // More answers than a socket holds; not one of them is read.
  std::string many;
  for (int i = 0; i < 2000; ++i) many += "GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n";
  while (reader.send(many)) continue;  // until the server has closed
  CHECK(reader.problem().starts_with("send: "));
}

TEST_CASE("the client says what is wrong, and one connection serves for many requests", "[control]") {
  control_reply reply;
  control_client nobody("/tmp/no-such-folder/c.sock");
  CHECK(nobody.request("GET", "/healthz", {}, reply) == boost::system::errc::no_such_file_or_directory);
  const served it;
  control_client client(it.path());
  for (int i = 0; i < 100; ++i) {
    REQUIRE_FALSE(client.request("GET", "/v1/status", {}, reply));
    REQUIRE(reply.status == 200);
    REQUIRE(reply.content_type == "application/json");
  }
  REQUIRE_FALSE(client.request("POST", "/v1/scale", R"({"workers":2})", reply));
  CHECK(reply.status == 409);
  REQUIRE_FALSE(client.request("GET", "/nothing", {}, reply));
  CHECK(reply.status == 404);
  REQUIRE_FALSE(client.open_stream("/v1/events", reply));
  CHECK(reply.content_type == "text/event-stream");
  std::string text;
  REQUIRE_FALSE(client.read(text, 5s));
  CHECK(text == ": cluster events\n\n");
  CHECK(client.read(text, 0ms) == make_error_code(error::timed_out));
}

TEST_CASE("a second server on the path is refused, a closed one can be opened again", "[control]") {
  boost::asio::io_context context;
  supervisor master(context.get_executor(), served::quiet());
  const scratch_folder folder;
  control_options settings;
  settings.path = folder / "c.sock";
  control_server first(master, settings);
  control_server second(master, settings);
  error_code ec;
  std::string detail;
  first.open();
  CHECK(first.path() == settings.path);
  second.open(ec, detail);
  CHECK(ec == make_error_code(error::owned_elsewhere));
  first.close();
  CHECK(first.path().empty());
  second.open(ec, detail);
  CHECK_FALSE(ec);
  second.close();
  context.run();  // nothing is left to do
}
