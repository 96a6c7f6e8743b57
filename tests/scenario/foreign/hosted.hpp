// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/catch.hpp"
#include "support/program.hpp"
#include "support/strict_load.hpp"

#include <cluster/supervisor.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>

#include <unistd.h>

#include <condition_variable>
#include <cstdlib>
#include <future>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>

namespace cluster::test {

/// A supervisor in this process, on a thread of its own, whose workers are foreign programs.
class hosted {
 public:
  explicit hosted(options settings) : master_(context_.get_executor(), std::move(settings)) {
    master_.open();
    master_.on_event([this](const event& what) {
      if (what.kind != event_kind::ready) return;
      const std::lock_guard lock(mutex_);
      ++ready_;
      changed_.notify_all();
    });
    ended_ = master_.async_run(boost::asio::use_future);
    thread_ = std::thread([this] { context_.run(); });
  }
  ~hosted() {
    if (!thread_.joinable()) return;
    boost::asio::post(context_, [this] { master_.async_stop(stop_mode::fast, [](error_code) {}); });
    thread_.join();
  }
  hosted(const hosted&) = delete;
  hosted& operator=(const hosted&) = delete;

  std::uint16_t port() {
    const std::string uri = status().listeners.at(0);
    return static_cast<std::uint16_t>(std::stoi(uri.substr(uri.rfind(':') + 1)));
  }
  cluster_status status() {
    return boost::asio::post(context_, boost::asio::use_future([this] { return master_.status(); })).get();
  }
  void wait_ready(std::size_t workers) {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, patience, [&] { return ready_ >= workers; }));
  }
  /// Its report; the reason of a failure is in it.
  reload_report reload() {
    std::promise<reload_report> done;
    auto report = done.get_future();
    boost::asio::post(context_, [&] {
      master_.async_reload([&done](error_code, reload_report got) { done.set_value(std::move(got)); });
    });
    REQUIRE(report.wait_for(patience) == std::future_status::ready);
    return report.get();
  }
  void stop() {
    boost::asio::post(context_, [this] { master_.async_stop(stop_mode::graceful, [](error_code) {}); });
    REQUIRE(ended_.wait_for(patience) == std::future_status::ready);
    ended_.get();
    thread_.join();
  }

 private:
  boost::asio::io_context context_;
  supervisor master_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t ready_ = 0;
  std::future<void> ended_;
  std::thread thread_;
};

/// The first program of that name on the path; empty if there is none.
inline std::string find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (::access((folder + "/" + name).c_str(), X_OK) == 0) return folder + "/" + name;
  return {};
}

}  // namespace cluster::test
