// SPDX-License-Identifier: BSL-1.0
// What messages between a supervisor and one worker cost: small ones each way, requests one at a time, large
// ones there and back, descriptors. `cluster_bench_messages [MESSAGES]`
#include <cluster/cluster.hpp>

#include <boost/asio/io_context.hpp>

#include <fcntl.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

namespace {

using clock_type = std::chrono::steady_clock;

double seconds_since(clock_type::time_point start) {
  return std::chrono::duration<double>(clock_type::now() - start).count();
}

/// Sends `count` messages, a few at a time, the next when one is on its way.
struct sender {
  std::function<void(std::function<void(cluster::error_code)>)> send;
  std::size_t left = 0;

  void start(std::size_t count) {
    left = count;
    for (int i = 0; i < 16; ++i) next();
  }
  void next() {
    if (left == 0) return;
    --left;
    send([this](cluster::error_code ec) {
      if (!ec) next();
    });
  }
};

int work() {
  boost::asio::io_context context(1);
  cluster::worker self(context);
  self.handle_signals();
  std::size_t heard = 0;
  std::size_t wanted = 0;
  sender out{[&](auto done) { self.async_send(cluster::supervisor_id, {std::string(16, 'x'), {}}, done); }};
  self.on_message([&](cluster::worker_id, cluster::message&& what) {
    if (what.data.starts_with("send ")) return out.start(std::stoul(what.data.substr(5)));
    if (what.data.starts_with("hear ")) {
      wanted = std::stoul(what.data.substr(5));
      heard = 0;
    } else if (++heard == wanted) {
      self.async_send(cluster::supervisor_id, {"all", {}}, [](cluster::error_code) {});
    }
  });
  self.on_request([](cluster::worker_id, cluster::message&& what, const cluster::responder& answer) {
    what.descriptors.clear();
    answer(std::move(what));
  });
  self.async_wait_drain([&](cluster::error_code, cluster::drain_notice) { self.done(); });
  self.ready();
  context.run();
  return 0;
}

struct bench {
  boost::asio::io_context context{1};
  cluster::supervisor master{context.get_executor(), [] {
                               cluster::options settings;
                               settings.name = "bench-messages";
                               settings.listen = {};
                               settings.workers = 1;
                               settings.log.level = cluster::log_level::warning;
                               return settings;
                             }()};
  const cluster::worker_id worker{1};

  void run_until(const std::function<bool()>& done) {
    while (!done()) context.run_one();
  }
  void say(const std::string& what) {
    master.async_send(worker, {what, {}}, [](cluster::error_code) {});
  }
  double ask(std::size_t size, bool with_descriptor) {
    bool done = false;
    cluster::message what{std::string(size, 'x'), {}};
    if (with_descriptor) what.descriptors.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const auto start = clock_type::now();
    master.async_request(worker, std::move(what), std::chrono::seconds(10),
                         [&](cluster::error_code ec, const cluster::message& answer) {
                           if (ec || answer.data.size() != size) std::abort();
                           done = true;
                         });
    run_until([&] { return done; });
    return seconds_since(start);
  }
};

int measure(std::size_t messages) {
  bench it;
  std::size_t heard = 0;
  it.master.on_message([&](cluster::worker_id, cluster::message&&) { ++heard; });
  it.master.async_run([](cluster::error_code) {});
  it.run_until([&] { return it.master.status().ready == 1; });

  auto start = clock_type::now();
  it.say("send " + std::to_string(messages));
  it.run_until([&] { return heard == messages; });
  std::printf("worker to supervisor, 16 octets   %9.0f messages/s\n",
              static_cast<double>(messages) / seconds_since(start));

  heard = 0;
  it.say("hear " + std::to_string(messages));
  sender out{[&](auto done) { it.master.async_send(it.worker, {std::string(16, 'x'), {}}, done); }};
  start = clock_type::now();
  out.start(messages);
  it.run_until([&] { return heard == 1; });
  std::printf("supervisor to worker, 16 octets   %9.0f messages/s\n",
              static_cast<double>(messages) / seconds_since(start));

  std::vector<double> times;
  for (int i = 0; i < 5000; ++i) times.push_back(it.ask(16, false) * 1e6);
  std::ranges::sort(times);
  std::printf("request and reply, one at a time  %9.0f us p50, %.0f us p99\n", times[times.size() / 2],
              times[times.size() * 99 / 100]);
  for (const std::size_t kib : {64U, 1024U, 8192U}) {
    double best = 1e9;
    for (int i = 0; i < 10; ++i) best = std::min(best, it.ask(kib * 1024, false));
    std::printf("%5zu KiB there and back           %9.2f ms, best of 10\n", kib, best * 1e3);
  }
  start = clock_type::now();
  for (int i = 0; i < 2000; ++i) it.ask(16, true);
  std::printf("requests with a descriptor        %9.0f a second\n", 2000 / seconds_since(start));

  bool stopped = false;
  it.master.async_stop(cluster::stop_mode::graceful, [&](cluster::error_code) { stopped = true; });
  it.run_until([&] { return stopped; });
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (cluster::worker::started_by_supervisor()) return work();
  return measure(argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 300'000);
}
