// SPDX-License-Identifier: BSL-1.0
// A host whose other threads take every lock that a forked child could find taken: the allocator's, the
// loader's, the reactor's.
#include "integration/os/launching.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <thread>

using namespace cluster;
using namespace cluster::os;
using namespace cluster::test;

namespace {

class churn {
 public:
  churn() {
    threads_.emplace_back([this] { allocate(); });
    threads_.emplace_back([this] { open_and_close(); });
    threads_.emplace_back([this] { run_timers(); });
    threads_.emplace_back([this] { open_sockets(); });
    while (rounds_ < 100) std::this_thread::yield();
  }
  churn(const churn&) = delete;
  churn& operator=(const churn&) = delete;
  ~churn() { stop(); }
  void stop() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  void allocate() {
    std::vector<std::string> strings(64);
    for (std::size_t i = 0; !stop_; ++i, ++rounds_) strings[i % 64].assign(i * 37 % 100'000 + 1, 'x');
  }
  void open_and_close() {
    for (; !stop_; ++rounds_) unique_fd(::open("/dev/null", O_RDONLY));  // not closed at exec
  }
  void run_timers() {
    boost::asio::io_context context;
    for (; !stop_; ++rounds_) {
      boost::asio::steady_timer timer(context, std::chrono::microseconds(50));
      timer.async_wait([](const error_code&) {});
      context.run();
      context.restart();
    }
  }
  void open_sockets() {
    boost::asio::io_context context;
    for (; !stop_; ++rounds_) {
      boost::asio::ip::tcp::acceptor acceptor(context, {boost::asio::ip::address_v4::loopback(), 0});
      acceptor.async_accept([](const error_code&, boost::asio::ip::tcp::socket) {});
      context.poll();
    }
  }

  std::atomic<bool> stop_ = false;
  std::atomic<unsigned> rounds_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace

TEST_CASE("300 launches from a busy threaded host: none hangs, none fails, nothing leaks") {
  const std::size_t before = descriptor_count();
  churn busy;
  int good = 0;
  for (int i = 0; i < 300; ++i) {
    if (i % 10 == 9) {
      launched_process none;
      if (launch(plan_for("/no/such/program"), none).code.value() == ENOENT) ++good;
    } else if (wait_end(start(plan_for("/bin/true"))) == exited_with(0)) {
      ++good;
    }
  }
  CHECK(good == 300);
  busy.stop();
  CHECK(no_children());
  CHECK(descriptor_count() == before);
}

TEST_CASE("descriptors that other threads open meanwhile do not get into the child") {
  const churn busy;
  const unique_fd nowhere(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (int i = 0; i < 20; ++i) {
    launch_plan plan = role_plan("inspect");
    plan.descriptors = {{nowhere.get(), 0}, {nowhere.get(), 2}};
    const outcome result = run(plan);
    if (result.value("descriptors") != "0,1,2") FAIL("open in the child: " << result.value("descriptors"));
  }
}
