// SPDX-License-Identifier: BSL-1.0
// Everything at once, at random moments, for as long as one likes: ./dev soak chaos. A short one belongs to
// the tests.
#include "os/rendezvous.hpp"
#include "succession.hpp"
#include "support/catch.hpp"
#include "support/strict_load.hpp"

#include <algorithm>
#include <iostream>
#include <random>
#include <stdexcept>

using namespace cluster::test;
using namespace std::chrono_literals;
using manner = strict_load::manner;
using clock_type = std::chrono::steady_clock;

namespace {

/// What is done to the cluster, one thing after the other.
class chaos {
 public:
  chaos(succession& cluster, std::uint64_t seed, std::size_t workers)
      : cluster_(cluster), chance_(seed), target_(workers) {}

  /// What a client may not notice.
  void disturb() {
    switch (chance_() % 8) {
      case 0:
      case 1: return kill_supervisor();
      case 2: return scale();
      case 3: return stop_for_a_moment();
      case 4: return upgrade();
      default: return reload();
    }
  }

  /// What ends a worker with whatever it was doing.
  void destroy() {
    if (chance_() % 3 == 0) return hang();
    const auto pids = cluster_.workers();
    if (pids.empty()) return;
    auto victim = pids.begin();
    std::advance(victim, static_cast<std::ptrdiff_t>(chance_() % pids.size()));
    ::kill(*victim, chance_() % 2 == 0 ? SIGKILL : SIGSEGV);
    ++destroyed_;
    note("destroyed " + std::to_string(*victim));
  }

  void pause() { std::this_thread::sleep_for(std::chrono::milliseconds(chance_() % 300)); }

  /// As many workers as are wanted, and nobody else.
  bool settle() {
    const auto deadline = clock_type::now() + 60s;
    while (clock_type::now() < deadline) {
      if (cluster_.workers().size() == target_) {
        const auto before = cluster_.workers();
        std::this_thread::sleep_for(500ms);
        if (cluster_.workers() == before) return true;
      }
      std::this_thread::sleep_for(20ms);
    }
    note("there should be " + std::to_string(target_) + " workers; there are:");
    for (const int pid : cluster_.workers()) note(std::to_string(pid));
    return false;
  }

  unsigned destroyed() const { return destroyed_; }
  std::size_t hung() const { return stuck_.size(); }
  std::size_t target() const { return target_; }
  const std::string& words() const { return words_; }
  std::string summary() const {
    return std::to_string(reloads_) + " reloads, " + std::to_string(kills_) + " supervisors killed, " +
           std::to_string(upgrades_) + " upgrades, " + std::to_string(scales_) + " changes of scale, " +
           std::to_string(stops_) + " workers stopped, " + std::to_string(destroyed_) + " workers killed, " +
           std::to_string(stuck_.size()) + " of them hung";
  }

 private:
  void note(const std::string& what) { words_ += what + "\n"; }

  void reload() {
    cluster_.now().signal(SIGHUP);
    ++reloads_;
    note("reload");
  }

  // Where no worker lives that was ready nobody holds the listeners, and nothing can be taken over.
  void await_holder() {
    const auto holds = [](int pid) {
      const auto start = cluster::os::start_of_process(pid);
      return start && cluster::os::age_of_process(*start) > 2s;
    };
    const auto deadline = clock_type::now() + patience;
    while (clock_type::now() < deadline && std::ranges::none_of(cluster_.workers(), holds)) {
      if (get(cluster_.first().port(), "/").status == 200) return;
      std::this_thread::sleep_for(5ms);
    }
  }

  void kill_supervisor() {
    await_holder();
    cluster_.kill();
    note("supervisor killed");
    std::this_thread::sleep_for(std::chrono::milliseconds(chance_() % 50));
    cluster_.start().wait_for("took over ");
    ++kills_;
  }

  // Where the program lies there is another copy of it, so that the one that runs is always a deleted one.
  void upgrade() {
    cluster_.deploy(CLUSTER_TEST_BINARY_DIR "/examples/90_workbench");
    if (!done_by(SIGUSR2, "took over ", "no upgrade: ")) return;  // refused while a roll-out is under way
    ++upgrades_;
    note("upgraded");
  }

  // What counts is what the supervisor says.
  bool done_by(int number, const std::string& done, const std::string& refused) {
    program& at = cluster_.now();
    const std::size_t before = at.count(done);
    const std::size_t refused_before = at.count(refused);
    at.signal(number);
    // Done is what nobody is left over from, hung ones included, and those have their time to drain.
    const auto deadline = clock_type::now() + 6 * patience;
    while (at.count(done) == before && at.count(refused) == refused_before) {
      if (clock_type::now() >= deadline)
        throw std::runtime_error("neither \"" + done + "\" nor \"" + refused + "\":\n" + at.output());
      std::this_thread::sleep_for(1ms);
    }
    return at.count(done) != before;
  }

  // One that spins and one that sleeps: whoever takes the connection never comes back.
  void hang() {
    const bool spins = chance_() % 2 == 0;
    auto& one = *stuck_.emplace_back(std::make_unique<connection>(cluster_.first().port()));
    const std::string route = spins ? "/spin/600000" : "/hang";
    static_cast<void>(one.send("GET " + route + " HTTP/1.1\r\nHost: test\r\n\r\n"));
    ++destroyed_;
    note(spins ? "made one spin" : "made one sleep");
  }

  // Refused while a roll-out is under way, so what counts is what the supervisor says.
  void scale() {
    const bool more = target_ <= 2 || (target_ < 6 && chance_() % 2 == 0);
    if (!done_by(more ? SIGTTIN : SIGTTOU, "scaled to ", "cannot scale to ")) return;
    target_ += more ? 1 : std::size_t(-1);
    ++scales_;
    note("scaled to " + std::to_string(target_));
  }

  void stop_for_a_moment() {
    const auto pids = cluster_.workers();
    if (pids.empty()) return;
    auto one = pids.begin();
    std::advance(one, static_cast<std::ptrdiff_t>(chance_() % pids.size()));
    ::kill(*one, SIGSTOP);
    note("stopped " + std::to_string(*one));
    std::this_thread::sleep_for(std::chrono::milliseconds(chance_() % 400));
    ::kill(*one, SIGCONT);
    ++stops_;
  }

  succession& cluster_;
  std::mt19937_64 chance_;
  std::size_t target_;
  std::string words_;
  unsigned destroyed_ = 0;
  unsigned reloads_ = 0;
  unsigned kills_ = 0;
  unsigned scales_ = 0;
  unsigned stops_ = 0;
  unsigned upgrades_ = 0;
  std::vector<std::unique_ptr<connection>> stuck_;
};

/// What a settled cluster holds. Supervisors change, what the present one holds may not grow.
struct holdings {
  std::size_t supervisor_descriptors = 0;
  std::size_t supervisor_kib = 0;
  std::size_t worker_descriptors = 0;  ///< of the worker that has most
  std::size_t worker_kib = 0;

  std::string words() const {
    return std::to_string(supervisor_descriptors) + " descriptors and " + std::to_string(supervisor_kib) +
           " KiB in the supervisor, at most " + std::to_string(worker_descriptors) + " and " +
           std::to_string(worker_kib) + " KiB in a worker";
  }
};

holdings look_at(succession& cluster) {
  holdings now{descriptors_of(cluster.now().pid()), private_kib_of(cluster.now().pid()), 0, 0};
  for (const int pid : cluster.workers()) {
    now.worker_descriptors = std::max(now.worker_descriptors, descriptors_of(pid));
    now.worker_kib = std::max(now.worker_kib, private_kib_of(pid));
  }
  return now;
}

std::chrono::seconds length() {
  const char* wanted = std::getenv("CLUSTER_TEST_SECONDS");
  return std::chrono::seconds(wanted != nullptr ? std::atoi(wanted) : 1);
}

std::uint64_t seed() {
  const char* wanted = std::getenv("CLUSTER_TEST_SEED");
  return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : std::random_device{}();
}

const std::vector<std::pair<manner, unsigned>> everybody{
    {manner::busy, 2},      {manner::paced, 3},   {manner::single, 2}, {manner::holder, 6},
    {manner::pipelined, 2}, {manner::posting, 1}, {manner::slow, 2},   {manner::trickling, 1}};
constexpr unsigned clients_of_all = 19;

const std::vector<std::string> calm_restarts{"CLUSTER_RESTART_MAX_FAILURES=0", "CLUSTER_RESTART_MIN_UPTIME=0",
                                             "CLUSTER_RESTART_MAX_FAILURES_CLUSTER=1000000"};

// Drains that meet a hung worker wait for their deadline.
const std::vector<std::string> flags{"--workers", "4", "--hang-timeout", "1s", "--drain-timeout", "10s"};

// A long run is looked at after each of its parts; in the first one everything finds its size.
void check_flat(const std::vector<holdings>& seen, std::size_t workers) {
  for (const holdings& each : seen) {
    // A channel, a pidfd and a page each, what is there once, and files of generations.
    CHECK(each.supervisor_descriptors < 40 + 5 * workers);
    CHECK(each.worker_descriptors < 40 + clients_of_all + 5 * workers);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // whose memory is not the program's
    CHECK(each.supervisor_kib < seen.front().supervisor_kib + 4096);
    CHECK(each.worker_kib < seen.front().worker_kib + 4096);
#endif
  }
}

/// Disturbs until the time is over, in parts; false if it does not settle after one of them.
template <class Step>
bool run_in_parts(succession& cluster, chaos& all, std::vector<holdings>& seen, Step step) {
  const int parts = length() >= 20s ? 4 : 1;
  for (int part = 0; part < parts; ++part) {
    try {
      for (const auto end = clock_type::now() + length() / parts; clock_type::now() < end; all.pause())
        step();
    } catch (...) {
      std::cout << all.words() << std::endl;
      throw;
    }
    if (!all.settle()) return false;
    seen.push_back(look_at(cluster));
  }
  return true;
}

}  // namespace

TEST_CASE("chaos without killed workers: nothing is lost", "[chaos]") {
  const std::uint64_t with = seed();
  std::cout << "seed " << with << std::endl;  // known also if it does not get to the end
  succession cluster(flags, calm_restarts);
  cluster.first().wait_ready(4);
  chaos all(cluster, with, 4);
  strict_load clients(cluster.first().port(), with, everybody);
  std::vector<holdings> held;
  const bool settled = run_in_parts(cluster, all, held, [&] { all.disturb(); });
  const strict_load::result seen = clients.finish();
  WARN("seed " << with << ": " << all.summary() << ": " << seen.words());
  for (const holdings& each : held) WARN(each.words());
  INFO(all.words() << cluster.now().output());
  CHECK(settled);
  CHECK(seen.lost() == 0);
  check_flat(held, 6);
  cluster.now().signal(SIGTERM);
  CHECK(cluster.now().wait_exit(60s).code == 0);
  CHECK(cluster.workers().empty());
}

TEST_CASE("chaos with killed and hung workers: lost is at most what those were working on", "[chaos]") {
  const std::uint64_t with = seed();
  std::cout << "seed " << with << std::endl;  // known also if it does not get to the end
  succession cluster(flags, calm_restarts);
  cluster.first().wait_ready(4);
  chaos all(cluster, with, 4);
  strict_load clients(cluster.first().port(), with, everybody);
  std::vector<holdings> held;
  const bool settled = run_in_parts(cluster, all, held, [&] {
    all.disturb();
    if (all.target() % 2 == 0) all.destroy();
  });
  const strict_load::result seen = clients.finish();
  WARN("seed " << with << ": " << all.summary() << ": " << seen.words());
  for (const holdings& each : held) WARN(each.words());
  INFO(all.words() << cluster.now().output());
  CHECK(settled);
  // Who is in the hands of one that spins hears nothing until it is ended, which takes it a second of CPU
  // time.
  CHECK(seen.refused + seen.wrong == 0);
  CHECK(seen.silent <= std::uint64_t{all.hung()} * clients_of_all);
  CHECK(seen.lost() <= std::uint64_t{all.destroyed()} * clients_of_all);
  check_flat(held, 6);
  cluster.now().signal(SIGTERM);
  CHECK(cluster.now().wait_exit(60s).code == 0);
  CHECK(cluster.workers().empty());
}
