// SPDX-License-Identifier: BSL-1.0
// Milliseconds (median) from the decision to start a worker to its word that it is ready, by a supervisor in
// a program with so much resident memory. `cluster_bench_starts [MIB [STARTS]]`
#include <cluster/cluster.hpp>
#include <cluster/http.hpp>

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

namespace {

using clock_type = std::chrono::steady_clock;

int work() {
  boost::asio::io_context context(1);
  cluster::worker self(context);
  cluster::http::router app;
  app.get("/", [] { return cluster::http::text("Hello, World!\n"); });
  return cluster::http::serve(self, app);
}

// Scales from one worker to two and back, again and again; says how many milliseconds the second took.
std::vector<double> measure(int starts) {
  boost::asio::io_context context(1);
  cluster::options settings;
  settings.name = "bench-starts";
  settings.listen = {"127.0.0.1:0"};
  settings.workers = 1;
  settings.log.level = cluster::log_level::warning;
  cluster::supervisor master(context.get_executor(), settings);
  const auto run_until = [&context](const std::function<bool()>& done) {
    while (!done()) context.run_one();
  };
  const auto scale_to = [&](std::size_t workers) {
    bool done = false;
    master.async_scale(workers, [&](cluster::error_code ec) {
      if (ec) std::abort();
      done = true;
    });
    run_until([&] { return done; });
  };

  master.async_run([](cluster::error_code) {});
  run_until([&] { return master.status().ready == 1; });
  std::vector<double> found;
  for (int i = 0; i < starts; ++i) {
    const auto start = clock_type::now();
    scale_to(2);
    found.push_back(std::chrono::duration<double, std::milli>(clock_type::now() - start).count());
    scale_to(1);
  }
  bool stopped = false;
  master.async_stop(cluster::stop_mode::graceful, [&](cluster::error_code) { stopped = true; });
  run_until([&] { return stopped; });
  return found;
}

}  // namespace

int main(int argc, char** argv) {
  if (cluster::worker::started_by_supervisor()) return work();
  const std::size_t mib = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 0;
  const std::vector<char> resident(mib * 1024 * 1024, 'x');
  std::vector<double> found = measure(argc > 2 ? std::atoi(argv[2]) : 25);
  std::ranges::sort(found);
  std::printf("%.2f\n", found.at(found.size() / 2));
  return resident.empty() || resident.back() == 'x' ? 0 : 1;
}
