// SPDX-License-Identifier: BSL-1.0
// Everything at once, at random moments, for as long as one likes: ./dev soak chaos. A short one belongs to
// the tests.
#include "succession.hpp"
#include "support/catch.hpp"
#include "support/strict_load.hpp"

#include <random>

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
    switch (chance_() % 6) {
      case 0: return kill_supervisor();
      case 1: return scale();
      case 2: return stop_for_a_moment();
      default: return reload();
    }
  }

  /// What ends a worker with whatever it was doing.
  void destroy() {
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
    return false;
  }

  unsigned destroyed() const { return destroyed_; }
  std::size_t target() const { return target_; }
  const std::string& words() const { return words_; }
  std::string summary() const {
    return std::to_string(reloads_) + " reloads, " + std::to_string(kills_) + " supervisors killed, " +
           std::to_string(scales_) + " changes of scale, " + std::to_string(stops_) + " workers stopped, " +
           std::to_string(destroyed_) + " workers killed";
  }

 private:
  void note(const std::string& what) { words_ += what + "\n"; }

  void reload() {
    cluster_.now().signal(SIGHUP);
    ++reloads_;
    note("reload");
  }

  void kill_supervisor() {
    cluster_.kill();
    note("supervisor killed");
    std::this_thread::sleep_for(std::chrono::milliseconds(chance_() % 50));
    cluster_.start().wait_for("took over ");
    ++kills_;
  }

  // Refused while a roll-out is under way, so what counts is what the supervisor says.
  void scale() {
    const bool more = target_ <= 2 || (target_ < 6 && chance_() % 2 == 0);
    program& at = cluster_.now();
    const std::size_t done = at.count("scaled to ");
    const std::size_t refused = at.count("cannot scale to ");
    at.signal(more ? SIGTTIN : SIGTTOU);
    const auto deadline = clock_type::now() + patience;
    while (at.count("scaled to ") == done && at.count("cannot scale to ") == refused &&
           clock_type::now() < deadline)
      std::this_thread::sleep_for(1ms);
    if (at.count("scaled to ") == done) return;
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
};

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

}  // namespace

TEST_CASE("chaos without killed workers: nothing is lost", "[chaos]") {
  const std::uint64_t with = seed();
  succession cluster({"--workers", "4"}, calm_restarts);
  cluster.first().wait_ready(4);
  chaos all(cluster, with, 4);
  strict_load clients(cluster.first().port(), with, everybody);
  for (const auto end = clock_type::now() + length(); clock_type::now() < end; all.pause()) all.disturb();
  const bool settled = all.settle();
  const strict_load::result seen = clients.finish();
  WARN("seed " << with << ": " << all.summary() << ": " << seen.words());
  INFO(all.words() << cluster.now().output());
  CHECK(settled);
  CHECK(seen.lost() == 0);
  cluster.now().signal(SIGTERM);
  CHECK(cluster.now().wait_exit(60s).code == 0);
  CHECK(cluster.workers().empty());
}

TEST_CASE("chaos with killed workers: lost is at most what those were working on", "[chaos]") {
  const std::uint64_t with = seed();
  succession cluster({"--workers", "4"}, calm_restarts);
  cluster.first().wait_ready(4);
  chaos all(cluster, with, 4);
  strict_load clients(cluster.first().port(), with, everybody);
  for (const auto end = clock_type::now() + length(); clock_type::now() < end; all.pause()) {
    all.disturb();
    if (all.target() % 2 == 0) all.destroy();
  }
  const bool settled = all.settle();
  const strict_load::result seen = clients.finish();
  const std::size_t descriptors = descriptors_of(cluster.now().pid());
  WARN("seed " << with << ": " << all.summary() << ": " << seen.words() << "; " << descriptors
               << " descriptors in the end");
  INFO(all.words() << cluster.now().output());
  CHECK(settled);
  CHECK(seen.refused + seen.silent + seen.wrong == 0);
  CHECK(seen.lost() <= std::uint64_t{all.destroyed()} * clients_of_all);
  // A channel, a pidfd and a page each, what is there once, and files of generations.
  CHECK(descriptors < 40 + 5 * all.target());
  cluster.now().signal(SIGTERM);
  CHECK(cluster.now().wait_exit(60s).code == 0);
  CHECK(cluster.workers().empty());
}
