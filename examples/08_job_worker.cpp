// SPDX-License-Identifier: BSL-1.0
// Workers without any listener: they take jobs from a queue in the supervisor. Each job is done once; one
// whose worker dies before it has answered is given to another.
//   ./08_job_worker --workers 4 -- 20        does 20 jobs and prints a line for each; ends when all are done
#include <cluster/cluster.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <map>
#include <string>

namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

struct job_queue {
  std::deque<std::string> waiting;
  std::map<cluster::worker_id, std::string> given;
  std::map<cluster::worker_id, cluster::responder> idle;  ///< who has asked and got nothing yet
  int left = 0;

  void hand_out() {
    while (!waiting.empty() && !idle.empty()) {
      auto next = idle.extract(idle.begin());
      next.mapped()(given[next.key()] = waiting.front());
      waiting.pop_front();
    }
  }
};

asio::awaitable<void> work(cluster::worker& self) {
  for (std::string result;;) {
    // The result of the last job, and with it the wish for the next one.
    const auto [ec, job] =
        co_await self.async_request(cluster::supervisor_id, result, 60s, asio::as_tuple(asio::use_awaitable));
    result.clear();
    if (ec == make_error_code(cluster::error::timed_out)) continue;  // there was none
    if (ec) co_return;
    const long long number = std::atoll(job.data.c_str());
    result = job.data + " squared is " + std::to_string(number * number);
  }
}

int serve(cluster::worker& self) {
  // Nothing is lost by leaving at once: a job that is on its way just now goes to another worker.
  self.async_wait_drain([&](cluster::error_code, const cluster::drain_notice&) { self.done(); });
  self.ready();
  asio::co_spawn(self.context(), work(self), asio::detached);
  self.context().run();
  return 0;
}

void manage(cluster::supervisor& master, job_queue& jobs) {
  master.on_request(
      [&](cluster::worker_id from, cluster::message&& result, const cluster::responder& answer) {
        if (!result.data.empty() && jobs.given.erase(from) != 0) {
          std::cout << result.data << ", says worker " << from.value << std::endl;
          if (--jobs.left == 0) master.async_stop(cluster::stop_mode::graceful, [](cluster::error_code) {});
        }
        jobs.idle.insert_or_assign(from, answer);
        jobs.hand_out();
      });
  master.on_event([&](const cluster::event& what) {
    if (what.kind != cluster::event_kind::exited) return;
    jobs.idle.erase(what.worker);
    if (auto lost = jobs.given.extract(what.worker)) jobs.waiting.push_back(std::move(lost.mapped()));
    jobs.hand_out();
  });
}

}  // namespace

int main(int argc, char** argv) {
  job_queue jobs;
  for (int i = 1; argc > 1 && i <= std::atoi(argv[argc - 1]); ++i, ++jobs.left)
    jobs.waiting.push_back(std::to_string(i));
  const cluster::options defaults{.name = "jobs", .listen = {}};
  return cluster::run(argc, argv, defaults, serve,
                      [&](cluster::supervisor& master) { manage(master, jobs); });
}
