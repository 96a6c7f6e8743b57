// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/http.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include <array>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace cluster::test {

/// A server on a port of its own, run by a thread of its own; the test talks to it over real sockets.
class running_server {
 public:
  using set_up = std::function<void(http::router&)>;

  explicit running_server(const set_up& routes, http::server_options options = {}, bool proxy = false)
      : socket_(context_, {boost::asio::ip::address_v4::loopback(), 0}) {
    socket_.listen(1024);
    routes(app_);
    options.on_failure = [this](std::string_view where, std::string_view what) {
      const std::lock_guard lock(mutex_);
      failures_.push_back(std::string(where) + ": " + std::string(what));
    };
    options.log.level = log_level::off;
    const bool tls = !options.tls.certificates.empty();
    server_ = std::make_unique<http::server>(context_, app_, std::move(options));
    const std::array listeners{listener{
        .name = "test", .uri = "", .tls = tls, .proxy = proxy, .native_handle = socket_.native_handle()}};
    server_->start(listeners);
    thread_ = std::thread([this] { context_.run(); });
  }

  ~running_server() {
    ask([](http::server& s) {
      s.stop();
      return 0;
    });
    context_.stop();  // coroutines may still wait for something
    thread_.join();
  }

  unsigned short port() const { return socket_.local_endpoint().port(); }

  /// Runs f on the server's thread and returns what it returned.
  template <class F>
  std::invoke_result_t<F&, http::server&> ask(F f) {
    using result = std::invoke_result_t<F&, http::server&>;
    std::promise<result> promise;
    auto future = promise.get_future();
    boost::asio::post(context_, [&] { promise.set_value(f(*server_)); });
    return future.get();
  }

  http::server_counters counters() {
    return ask([](http::server& s) { return s.counters(); });
  }

  /// Asks until the condition holds; false if it does not come to that within ten seconds.
  bool eventually(const std::function<bool(const http::server_counters&)>& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < end) {
      if (condition(counters())) return true;
      std::this_thread::yield();
    }
    return false;
  }

  std::future<error_code> drain(std::chrono::milliseconds hard) {
    auto promise = std::make_shared<std::promise<error_code>>();
    ask([&](http::server& s) {
      s.async_drain(std::chrono::steady_clock::now() + hard,
                    [promise](error_code ec) { promise->set_value(ec); });
      return 0;
    });
    return promise->get_future();
  }

  std::vector<std::string> failures() {
    const std::lock_guard lock(mutex_);
    return failures_;
  }

  boost::asio::io_context& context() { return context_; }

 private:
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{context_.get_executor()};
  boost::asio::ip::tcp::acceptor socket_;
  http::router app_;
  std::unique_ptr<http::server> server_;
  std::mutex mutex_;
  std::vector<std::string> failures_;
  std::thread thread_;
};

}  // namespace cluster::test
