// SPDX-License-Identifier: BSL-1.0
// Messages of the application between real processes.
#include "fixture.hpp"
#include "support/program.hpp"
#include "support/role.hpp"

#include <cluster/worker.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <random>

using namespace cluster;
using namespace cluster::test;
using namespace std::chrono_literals;

namespace {

constexpr auto ignore = [](error_code) {};

// Does what messages tell it to; see the cases below.
int talker(int, char**) {
  boost::asio::io_context context;
  worker self(context);
  self.handle_signals();
  const auto say = [&](const std::string& text) { self.async_send(supervisor_id, {text, {}}, ignore); };
  self.on_message([&](worker_id from, message&& what) {
    if (what.data == "write into it") {
      const std::string name = "worker " + std::to_string(self.id().value);
      if (::write(what.descriptors.at(0).native_handle(), name.data(), name.size()) < 0) std::abort();
      say("written");
    } else if (what.data == "throw") {
      throw std::runtime_error("from a message handler");
    } else if (what.data == "die") {
      std::_Exit(3);
    } else if (what.data == "ask the next") {
      self.async_request({self.id().value + 1}, {"who", {}}, 5s, [&](error_code ec, const message& answer) {
        say(ec ? "no: " + ec.message() : "it is " + answer.data);
      });
    } else if (what.data == "send to 99") {
      self.async_send({99}, {"x", {}}, [&](error_code ec) { say(ec.message()); });
    } else if (what.data == "broadcast") {
      self.async_broadcast({"to all", {}}, [&](error_code ec) { say("broadcast: " + ec.message()); });
    } else if (what.data == "ask") {
      self.async_request(supervisor_id, {"the time", {}}, 5s, [&](error_code ec, const message& answer) {
        say(ec ? "refused: " + ec.message() : "told: " + answer.data);
      });
    } else if (what.data.starts_with("big") || what.data.starts_with("mirror")) {
      self.async_send(supervisor_id, std::move(what), ignore);
    } else {
      say("heard '" + what.data + "' from " + std::to_string(from.value));
    }
  });
  self.on_request([&](worker_id from, message&& what, const responder& answer) {
    if (what.data == "never") return;
    if (what.data == "die") std::_Exit(4);
    if (what.data == "sleep") {
      auto timer = std::make_shared<boost::asio::steady_timer>(context, 1min);
      return timer->async_wait([timer, answer](error_code) { answer({}); });
    }
    answer({"worker " + std::to_string(self.id().value) + " for " + std::to_string(from.value), {}});
  });
  self.async_wait_drain([&](error_code, drain_notice) { self.done(); });
  self.ready();
  context.run();
  return 0;
}
const role as_talker{"talker", talker};

// Sends as fast as it may: argv[1] messages, one after the other.
int chatterbox(int argc, char** argv) {
  boost::asio::io_context context;
  worker self(context);
  self.handle_signals();
  std::uint64_t left = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 0;
  std::function<void(error_code)> next = [&](error_code ec) {
    if (!ec && left != 0) self.async_send(supervisor_id, {std::to_string(left--), {}}, next);
  };
  self.on_message([&](worker_id, message&&) {
    for (int i = 0; i < 16; ++i) next({});
  });
  self.async_wait_drain([&](error_code, drain_notice) { self.done(); });
  self.ready();
  context.run();
  return 0;
}
const role as_chatterbox{"chatterbox", chatterbox};

struct conversation : supervised {
  explicit conversation(std::size_t workers, const std::string& of = "talker",
                        std::vector<std::string> more = {})
      : supervised(with_workers(of, workers, std::move(more))) {
    master.on_message([this](worker_id from, message&& what) {
      heard.push_back(std::to_string(from.value) + ": " + what.data);
    });
    start();
    REQUIRE(run_until_ready(workers));
  }
  void tell(std::uint64_t to, std::string what) {
    master.async_send({to}, {std::move(what), {}}, [this](error_code ec) { results.push_back(ec); });
  }
  /// The next message, in the order of their arrival.
  std::string next() {
    if (!run_until([this] { return heard.size() > taken; })) return "nothing";
    return heard[taken++];
  }

  std::vector<std::string> heard;
  std::size_t taken = 0;
  std::vector<error_code> results;
};

}  // namespace

TEST_CASE("supervisor and worker talk to each other", "[supervisor][messages]") {
  conversation it(2);
  it.tell(2, "hello");
  CHECK(it.next() == "2: heard 'hello' from 0");
  REQUIRE(it.results.size() == 1);
  CHECK_FALSE(it.results[0]);
  it.tell(77, "nobody");
  REQUIRE(it.run_until([&] { return it.results.size() == 2; }));
  CHECK(it.results[1] == error::worker_unavailable);
  CHECK(it.stop() == error_code());
  it.tell(1, "too late");
  REQUIRE(it.run_until([&] { return it.results.size() == 3; }));
  CHECK(it.results[2] == error::worker_unavailable);
}

TEST_CASE("requests are answered, refused, or run out of time", "[supervisor][messages]") {
  conversation it(1);
  std::vector<std::string> answers;
  const auto ask = [&](std::uint64_t to, const std::string& what, std::chrono::milliseconds limit) {
    it.master.async_request({to}, {what, {}}, limit, [&](error_code ec, const message& answer) {
      answers.push_back(ec ? ec.message() : answer.data);
    });
    const std::size_t had = answers.size();
    REQUIRE(it.run_until([&] { return answers.size() > had; }));
    return answers.back();
  };
  CHECK(ask(1, "who", 5s) == "worker 1 for 0");
  CHECK(ask(1, "never", 5s) == make_error_code(error::not_handled).message());
  CHECK(ask(1, "sleep", 20ms) == make_error_code(error::timed_out).message());
  CHECK(ask(9, "who", 5s) == make_error_code(error::worker_unavailable).message());
  CHECK(ask(1, "who", 0s) == make_error_code(error::invalid_options).message());
  CHECK(ask(1, "die", 20s) == make_error_code(error::worker_unavailable).message());

  REQUIRE(it.run_until_ready(1));
  const std::uint64_t successor = it.master.status().workers[0].id.value;
  it.tell(successor, "ask");
  CHECK(it.next() ==
        std::to_string(successor) + ": refused: " + make_error_code(error::not_handled).message());
  it.master.on_request([](worker_id from, message&& what, const responder& answer) {
    answer({what.data + " for " + std::to_string(from.value), {}});
  });
  it.tell(successor, "ask");
  CHECK(it.next() == std::to_string(successor) + ": told: the time for " + std::to_string(successor));
  CHECK(it.stop() == error_code());
}

TEST_CASE("workers talk to each other by way of the supervisor", "[supervisor][messages]") {
  conversation it(3);
  it.tell(1, "ask the next");
  CHECK(it.next() == "1: it is worker 2 for 1");
  it.tell(3, "ask the next");
  CHECK(it.next() == "3: no: " + make_error_code(error::worker_unavailable).message());
  it.tell(1, "send to 99");
  CHECK(it.next() == "1: " + make_error_code(error::worker_unavailable).message());
  it.tell(2, "broadcast");
  std::vector<std::string> seen{it.next(), it.next(), it.next()};
  std::ranges::sort(seen);
  CHECK(seen == std::vector<std::string>{"1: heard 'to all' from 2",
                                         "2: broadcast: " + error_code().message(),
                                         "3: heard 'to all' from 2"});
  std::optional<std::size_t> reached;
  it.master.async_broadcast({"all of you", {}}, [&](error_code ec, std::size_t count) {
    CHECK_FALSE(ec);
    reached = count;
  });
  seen = {it.next(), it.next(), it.next()};
  std::ranges::sort(seen);
  CHECK(seen[2] == "3: heard 'all of you' from 0");
  REQUIRE(it.run_until([&] { return reached.has_value(); }));
  CHECK(reached == 3U);
  CHECK(it.stop() == error_code());
}

TEST_CASE("descriptors travel with messages, and none stays behind", "[supervisor][messages]") {
  const auto before = open_descriptors();
  {
    conversation it(2);
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    const descriptor reading(ends[0]);
    message what{"write into it", {}};
    what.descriptors.emplace_back(ends[1]);
    it.master.async_send({2}, std::move(what), ignore);
    CHECK(it.next() == "2: written");
    std::array<char, 64> text{};
    REQUIRE(::read(reading.native_handle(), text.data(), text.size()) == 8);
    CHECK(std::string(text.data()) == "worker 2");
    CHECK(::read(reading.native_handle(), text.data(), text.size()) == 0);  // nobody holds the other end

    // To a worker that dies of it, with more behind it: what was on its way is closed.
    it.tell(1, "die");
    for (int i = 0; i < 100; ++i) {
      message more{std::string(50'000, 'x'), {}};
      more.descriptors.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
      it.master.async_send({1}, std::move(more), ignore);
    }
    REQUIRE(it.run_until([&] { return it.of(event_kind::exited).size() == 1; }));
    REQUIRE(it.run_until_ready(2));
    CHECK(it.stop() == error_code());
  }
  CHECK(open_descriptors() == before);
}

TEST_CASE("large messages with descriptors cross each other and arrive whole", "[supervisor][messages]") {
  const auto before = open_descriptors();
  {
    conversation it(1);
    std::map<std::string, std::string> through;  // what came out of the pipe whose end went along
    it.master.on_message([&](worker_id, message&& what) {
      REQUIRE(what.descriptors.size() == 1);
      const std::string name = what.data.substr(0, 8);
      CHECK(what.data == name + std::string(800'000, name.back()));
      CHECK(::write(what.descriptors[0].native_handle(), name.data(), name.size()) == 8);
      what.descriptors.clear();
      through[name];
    });
    std::map<std::string, descriptor> pipes;
    for (int i = 0; i < 10; ++i) {
      std::array<int, 2> ends{};
      REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
      const std::string name = "mirror-" + std::to_string(i);
      pipes.emplace(name, descriptor(ends[0]));
      message what{name + std::string(800'000, name.back()), {}};
      what.descriptors.emplace_back(ends[1]);
      it.master.async_send({1}, std::move(what), ignore);
    }
    REQUIRE(it.run_until([&] { return through.size() == 10; }));
    for (const auto& [name, end] : pipes) {
      std::array<char, 16> text{};
      REQUIRE(::read(end.native_handle(), text.data(), text.size()) == 8);
      CHECK(std::string(text.data()) == name);
    }
    CHECK(it.stop() == error_code());
  }
  CHECK(open_descriptors() == before);
}

TEST_CASE("a receiver that dies at any moment leaves nothing behind", "[supervisor][messages]") {
  const auto before = open_descriptors();
  {
    conversation it(2);
    const auto seed = std::random_device{}();
    CAPTURE(seed);
    std::minstd_rand chance{seed};
    int answered = 0;
    int asked = 0;
    for (std::size_t round = 1; round <= 6; ++round) {
      const worker_id victim = it.master.status().workers.front().id;
      // Small, in a memory file, with descriptors and as requests; then it is killed in the middle of them.
      for (int i = 0; i < 40; ++i) {
        message small{"x", {}};
        small.descriptors.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        it.master.async_send(victim, std::move(small), [&](error_code) { ++answered; });
        it.master.async_send(victim, {std::string(200'000, 'x'), {}}, [&](error_code) { ++answered; });
        it.master.async_request(victim, {"who", {}}, 10s, [&](error_code, const message&) { ++answered; });
        asked += 3;
      }
      const int until = static_cast<int>(chance() % 30);
      for (int i = 0; i < until; ++i) it.context.poll_one();
      REQUIRE_FALSE(it.master.kill(victim));
      REQUIRE(it.run_until([&] { return it.of(event_kind::exited).size() == round; }));
      REQUIRE(it.run_until_ready(2));
    }
    REQUIRE(it.run_until([&] { return answered == asked; }));  // each sender has heard what came of it
    CHECK(it.stop() == error_code());
  }
  CHECK(open_descriptors() == before);
}

TEST_CASE("megabytes go there and back", "[supervisor][messages]") {
  conversation it(1);
  const std::string content = "big" + std::string(8'000'000, 'x');
  it.tell(1, content);
  const std::string back = it.next();
  CHECK(back.size() == content.size() + 3);
  CHECK(back == "1: " + content);
  CHECK(it.stop() == error_code());
}

TEST_CASE("a handler that throws costs its message only", "[supervisor][messages]") {
  conversation it(1);
  it.tell(1, "throw");
  REQUIRE(it.run_until([&] { return it.of(event_kind::handler_failed).size() == 1; }));
  CHECK(it.of(event_kind::handler_failed)[0].text == "message handler: from a message handler");
  it.tell(1, "still there?");
  CHECK(it.next() == "1: heard 'still there?' from 0");
  it.master.on_message([&](worker_id, message&& what) {
    it.heard.push_back(what.data);
    throw 42;
  });
  it.tell(1, "again");
  CHECK(it.next() == "heard 'again' from 0");
  it.tell(1, "and again");
  CHECK(it.next() == "heard 'and again' from 0");
  CHECK(it.stop() == error_code());
}

TEST_CASE("many small messages, while the supervisor stays attentive", "[supervisor][messages]") {
  conversation it(2, "chatterbox", {"20000"});
  const auto start = std::chrono::steady_clock::now();
  it.tell(1, "go");
  it.tell(2, "go");
  REQUIRE(it.run_until([&] { return it.heard.size() == 40'000; }));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  WARN("40000 messages from two workers: " << static_cast<int>(40'000 / seconds) << " a second");
  CHECK(it.of(event_kind::exited).empty());  // asked for, so it is no flood
  CHECK(it.stop() == error_code());
}

TEST_CASE("messages that nobody asked for are a flood", "[supervisor][messages]") {
  supervised it(with_workers("chatterbox", 1, {"100000"}));
  it.start();
  REQUIRE(it.run_until_ready(1));
  it.master.async_send({1}, {"go", {}}, ignore);
  REQUIRE(it.run_until([&] { return it.of(event_kind::exited).size() == 1; }));
  // It may leave by itself, its channel being closed, before our KILL reaches it.
  CHECK(it.of(event_kind::exited)[0].reason == exit_reason::crashed);
  CHECK(it.stop() == error_code());
}
