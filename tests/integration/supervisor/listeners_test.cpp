// SPDX-License-Identifier: BSL-1.0
// Listeners that are added and taken away while a cluster runs.
#include "fixture.hpp"
#include "support/http_client.hpp"
#include "support/program.hpp"
#include "support/role.hpp"

#include <cluster/worker.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <memory>
#include <thread>
#include <tuple>

using namespace cluster;
using namespace cluster::test;

namespace {

// Answers each request, whatever it is, and closes; takes connections from wherever there are some.
int accepting(int, char**) {
  boost::asio::io_context context;
  worker self(context);
  self.handle_signals();
  const std::string content = std::to_string(self.id().value);
  const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(content.size()) +
                             "\r\nConnection: close\r\n\r\n" + content;
  std::function<void()> next = [&] {
    self.async_accept([&](error_code ec, descriptor connection) {
      if (ec) return;
      const int fd = connection.native_handle();
      ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) & ~O_NONBLOCK);
      char request[1024];
      if (::recv(fd, request, sizeof request, 0) > 0)
        static_cast<void>(::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL));
      ::shutdown(fd, SHUT_WR);
      next();
    });
  };
  next();
  self.async_wait_drain([&](error_code, drain_notice) { self.done(); });
  self.ready();
  context.run();
  return 0;
}
const role as_accepting{"accepting", accepting};

// Listens for itself at the port argv[1], and tells the supervisor where, or why not.
int exclusive(int argc, char** argv) {
  boost::asio::io_context context;
  worker self(context);
  self.handle_signals();
  using tcp = boost::asio::ip::tcp;
  tcp::acceptor own(context);
  const auto port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 0);
  error_code ec;
  own.open(tcp::v4());
  own.set_option(tcp::acceptor::reuse_address(true));
  own.bind({boost::asio::ip::address_v4::loopback(), port}, ec);
  if (!ec) own.listen(16, ec);
  const std::string place = ec ? "no: " + ec.message() : std::to_string(own.local_endpoint().port());
  std::function<void()> next = [&] {
    own.async_accept([&](error_code failed, tcp::socket peer) {
      if (failed) return;
      error_code ignored;
      boost::asio::write(
          peer, boost::asio::buffer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 57),
          ignored);
      next();
    });
  };
  if (!ec) next();
  self.async_wait_drain([&](error_code, drain_notice) {
    own.close();
    self.done();
  });
  self.ready();
  self.async_send(supervisor_id, {place, {}}, [](error_code) {});
  context.run();
  return 0;
}
const role as_exclusive{"exclusive", exclusive};

struct outcome {
  error_code ec;
  listener_change what;
};

struct changing : test::supervised {
  using supervised::supervised;

  outcome wait_for(const std::function<void(std::optional<outcome>&)>& begin) {
    std::optional<outcome> came;
    begin(came);
    REQUIRE(run_until([&] { return came.has_value(); }));
    return *came;
  }
  outcome add(const std::string& uri) {
    return wait_for([&](std::optional<outcome>& came) {
      master.async_add_listener(uri, [&came](error_code ec, listener_change what) {
        came = outcome{ec, std::move(what)};
      });
    });
  }
  outcome remove(const std::string& name) {
    return wait_for([&](std::optional<outcome>& came) {
      master.async_remove_listener(name, [&came](error_code ec, listener_change what) {
        came = outcome{ec, std::move(what)};
      });
    });
  }
  /// What is asked blocks, so it is asked beside the loop.
  answer ask(std::uint16_t port) {
    answer got;
    bool done = false;
    std::thread client([&] {
      got = get(port, "/");
      boost::asio::post(context, [&] { done = true; });
    });
    const bool in_time = run_until([&] { return done; });
    client.join();
    CHECK(in_time);
    return got;
  }
  /// Once it is closed. Until then connecting blocks, so it is done beside the loop that closes it.
  bool refuses(std::uint16_t port) {
    bool done = false;
    std::thread client([&] {
      while (connection(port).open()) std::this_thread::yield();
      boost::asio::post(context, [&] { done = true; });
    });
    const bool in_time = run_until([&] { return done; });
    client.join();
    return in_time;
  }
  error_code reload() {
    std::optional<error_code> how;
    master.async_reload([&](error_code ec, const reload_report&) { how = ec; });
    run_until([&] { return how.has_value(); });
    return how.value_or(make_error_code(error::timed_out));
  }
  std::size_t listening(const std::string& uri) const {
    return static_cast<std::size_t>(std::ranges::count_if(events, [&](const event& each) {
      return each.kind == event_kind::listening && each.endpoint == uri;
    }));
  }
};

schedule any_schedule() { return GENERATE(schedule::shared, schedule::round_robin, schedule::reuse_port); }

}  // namespace

TEST_CASE("a listener that is added serves at once, through a reload and in new slots; then it goes",
          "[listeners]") {
  options settings = with_workers("accepting", 2);
  settings.schedule = any_schedule();
  settings.listen = {"127.0.0.1:0"};
  INFO(to_string(settings.schedule));
  const std::size_t before = open_descriptors().size();
  {
    changing cluster(settings);
    cluster.start();
    REQUIRE(cluster.run_until_ready(2));
    const outcome added = cluster.add("tcp://127.0.0.1:0?name=late");
    INFO(added.what.reason);
    REQUIRE(added.ec == error_code());
    REQUIRE(added.what.listeners.size() == 1);
    const listener late = added.what.listeners.front();
    CHECK(late.name == "late");
    CHECK(late.native_handle == -1);
    CHECK(late.port != 0);
    CHECK(late.number == 2);
    CHECK(cluster.listening(late.uri) == 2);
    CHECK(cluster.master.status().listener_names == std::vector<std::string>{"tcp-0", "late"});
    for (int i = 0; i < 4; ++i) CHECK(cluster.ask(late.port).status == 200);

    REQUIRE(cluster.reload() == error_code());
    CHECK(cluster.listening(late.uri) == 4);
    for (int i = 0; i < 4; ++i) CHECK(cluster.ask(late.port).status == 200);
    cluster.master.async_scale(3, [](error_code) {});
    REQUIRE(cluster.run_until_ready(3));
    CHECK(cluster.listening(late.uri) == 5);
    for (int i = 0; i < 6; ++i) CHECK(cluster.ask(late.port).status == 200);

    const outcome gone = cluster.remove("late");
    CHECK(gone.ec == error_code());
    REQUIRE(gone.what.listeners.size() == 1);
    CHECK(gone.what.listeners.front().uri == late.uri);
    CHECK(cluster.master.status().listener_names == std::vector<std::string>{"tcp-0"});
    CHECK_FALSE(connection(late.port).open());
    CHECK(
        cluster
            .ask(static_cast<std::uint16_t>(std::stoi(cluster.master.status().listeners.front().substr(16))))
            .status == 200);
    // Its address is free again, and its name; the number is not.
    const outcome again = cluster.add(late.uri + "?name=late");
    REQUIRE(again.ec == error_code());
    CHECK(again.what.listeners.front().number == 3);
    CHECK(cluster.ask(late.port).status == 200);
    CHECK(cluster.stop() == error_code());
  }
  CHECK(open_descriptors().size() == before);
}

TEST_CASE("who waits in the queue of a listener that is taken away is served", "[listeners]") {
  options settings = with_workers("accepting", 2);
  settings.schedule = any_schedule();
  INFO(to_string(settings.schedule));
  changing cluster(settings);
  cluster.start();
  REQUIRE(cluster.run_until_ready(2));
  const outcome added = cluster.add("127.0.0.1:0");
  REQUIRE(added.ec == error_code());
  const std::uint16_t port = added.what.listeners.front().port;
  CHECK(added.what.listeners.front().name == "tcp-0");
  // The loop does not run meanwhile, and the workers are stopped: all of them wait in the queues.
  const auto pause = [&](bool on) {
    for (const worker_status& each : cluster.master.status().workers)
      ::kill(each.pid, on ? SIGSTOP : SIGCONT);
  };
  pause(true);
  std::vector<std::unique_ptr<connection>> waiting;
  for (int i = 0; i < 50; ++i) {
    waiting.push_back(std::make_unique<connection>(port));
    REQUIRE(waiting.back()->send("GET / HTTP/1.1\r\nHost: test\r\n\r\n"));
  }
  std::optional<error_code> removed;
  cluster.master.async_remove_listener("tcp-0", [&](error_code ec, const listener_change&) { removed = ec; });
  pause(false);
  REQUIRE(cluster.run_until([&] { return removed.has_value(); }));
  CHECK(*removed == error_code());
  for (const auto& each : waiting) {
    const answer got = each->receive();
    INFO(got.problem);
    REQUIRE(got.status == 200);
  }
  CHECK_FALSE(connection(port).open());
  CHECK(cluster.stop() == error_code());
}

TEST_CASE("a Unix socket that is taken away leaves no file", "[listeners]") {
  const scratch_folder place;
  changing cluster(with_workers("accepting", 1));
  cluster.start();
  REQUIRE(cluster.run_until_ready(1));
  REQUIRE(cluster.add("unix:" + (place / "late.sock")).ec == error_code());
  CHECK(std::filesystem::exists(place / "late.sock"));
  REQUIRE(cluster.remove("unix-0").ec == error_code());
  CHECK_FALSE(std::filesystem::exists(place / "late.sock"));
  CHECK(cluster.stop() == error_code());
}

TEST_CASE("what cannot be added or taken away is refused with the reason, and nothing has changed",
          "[listeners]") {
  options settings = with_workers("accepting", 1);
  settings.listen = {"tcp://127.0.0.1:0?name=web"};
  changing cluster(settings);
  CHECK(cluster.add("127.0.0.1:0").ec == make_error_code(error::not_running));
  cluster.start();
  REQUIRE(cluster.run_until_ready(1));
  const std::string busy = cluster.master.status().listeners.front();
  const std::vector<std::tuple<std::string, error, std::string>> wrong{
      {"tcp://127.0.0.1:0?name=web", error::bind_failed, "two listeners are named 'web'"},
      {busy, error::bind_failed, "another program listens there"},
      {"127.0.0.1:99999", error::invalid_address, "accepted are 3000, :3000"},
      {"127.0.0.1:0+tls", error::invalid_options, "TLS needs a certificate"}};
  for (const auto& [uri, code, words] : wrong) {
    INFO(uri);
    const outcome refused = cluster.add(uri);
    CHECK(refused.ec == make_error_code(code));
    CHECK(refused.what.reason.find(words) != std::string::npos);
    CHECK(refused.what.listeners.empty());
  }
  const outcome unknown = cluster.remove("wep");
  CHECK(unknown.ec == make_error_code(error::unknown_listener));
  CHECK(unknown.what.reason == "there is no listener named 'wep'; there are web");
  CHECK(cluster.master.status().listener_names == std::vector<std::string>{"web"});
  // No more than fit what a worker is told at its start.
  for (int i = 1; i < 64; ++i) REQUIRE(cluster.add("127.0.0.1:0").ec == error_code());
  CHECK(cluster.add("127.0.0.1:0").ec == make_error_code(error::invalid_options));
  CHECK(cluster.stop() == error_code());
  CHECK(cluster.remove("web").ec == make_error_code(error::not_running));
}

TEST_CASE("a listener that the workers' program does not take up is closed again", "[listeners]") {
  changing cluster(with_workers("good", 2));
  cluster.start();
  REQUIRE(cluster.run_until_ready(2));
  const outcome refused = cluster.add("127.0.0.1:0");
  CHECK(refused.ec == make_error_code(error::not_handled));
  CHECK(refused.what.reason.find("takes up no listeners while it runs") != std::string::npos);
  CHECK(cluster.master.status().listeners.empty());
  CHECK(cluster.of(event_kind::listening).empty());
  const std::uint16_t port = refused.what.listeners.front().port;
  CHECK(cluster.refuses(port));
  CHECK(cluster.stop() == error_code());
}

TEST_CASE("changes of the listeners that a stop overtakes complete all the same", "[listeners]") {
  changing cluster(with_workers("accepting", 1));
  cluster.start();
  REQUIRE(cluster.run_until_ready(1));
  REQUIRE(cluster.add("127.0.0.1:0").ec == error_code());
  int completed = 0;
  cluster.master.async_remove_listener("tcp-0", [&](error_code ec, const listener_change&) {
    completed += ec == boost::asio::error::operation_aborted ? 1 : 100;
  });
  CHECK(cluster.stop(stop_mode::fast) == error_code());
  REQUIRE(cluster.run_until([&] { return completed != 0; }));
  CHECK(completed == 1);
}

TEST_CASE("a listener that a worker opens for itself is left alone", "[listeners]") {
  const auto places = [](const std::string& port) {
    changing cluster(with_workers("exclusive", 2, {port}));
    std::vector<std::string> heard;
    cluster.master.on_message([&](worker_id, message&& what) { heard.push_back(what.data); });
    cluster.start();
    REQUIRE(cluster.run_until([&] { return heard.size() == 2; }));
    for (const std::string& each : heard)
      if (!each.starts_with("no"))
        CHECK(cluster.ask(static_cast<std::uint16_t>(std::stoi(each))).status == 200);
    CHECK(cluster.of(event_kind::listening).empty());
    CHECK(cluster.stop() == error_code());
    std::ranges::sort(heard);
    return heard;
  };
  const auto any = places("0");
  CHECK(any[0] != any[1]);  // each has a port of its own
  // The same one for both: the second one is told by the system.
  const auto one = places(any[0]);
  CHECK(one[0] == any[0]);
  CHECK(one[1].starts_with("no: "));
}
