// SPDX-License-Identifier: BSL-1.0
// The class cluster::supervisor, embedded in this program, with real workers.
#include "fixture.hpp"
#include "os/process_object.hpp"
#include "support/program.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/use_future.hpp>

#include <signal.h>
#include <sys/wait.h>

#include <fstream>
#include <map>
#include <sstream>

using namespace cluster;
using namespace cluster::test;
using namespace std::chrono_literals;

TEST_CASE("workers become ready, and a stop completes after the last exit", "[supervisor]") {
  supervised cluster(with_workers("good", 3));
  cluster.start();
  REQUIRE(cluster.run_until_ready(3));
  const cluster_status now = cluster.master.status();
  CHECK(now.name == "test");
  CHECK(now.target == 3);
  CHECK(now.workers.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(now.workers[i].slot.value == i);
    CHECK(now.workers[i].state == worker_state::ready);
    CHECK(now.workers[i].pid > 0);
  }
  CHECK(cluster.stop() == error_code());
  for (const worker_status& each : now.workers) CHECK_FALSE(process_exists(each.pid));
  CHECK(cluster.master.status().workers.empty());
}

TEST_CASE("each worker's events come in order, each once, and carry its pid", "[supervisor]") {
  supervised cluster(with_workers("good", 2));
  cluster.start();
  REQUIRE(cluster.run_until_ready(2));
  REQUIRE(cluster.stop() == error_code());
  std::map<worker_id, std::vector<event_kind>> seen;
  for (const event& each : cluster.events) {
    if (each.worker.value == 0) continue;
    seen[each.worker].push_back(each.kind);
    CHECK(each.pid > 0);
  }
  const std::vector<event_kind> wanted = {event_kind::forked,   event_kind::online,       event_kind::ready,
                                          event_kind::draining, event_kind::disconnected, event_kind::exited};
  CHECK(seen.size() == 2);
  for (const auto& [id, kinds] : seen) CHECK(kinds == wanted);
  CHECK(cluster.events.back().kind == event_kind::stopped);
  for (const event& each : cluster.of(event_kind::exited)) {
    CHECK(each.reason == exit_reason::requested);
    CHECK(to_string(each.status) == "exit code 0");  // it left by itself, nothing had to end it
  }
}

TEST_CASE("what a worker does on its channel costs that worker only", "[supervisor]") {
  const std::string way = GENERATE(as<std::string>{}, "garbage", "over-long", "other-version", "impostor",
                                   "no-hello", "hello-twice", "supervisor-message", "flood",
                                   "acknowledges-nothing-sent", "descriptors", "closes");
  INFO("way: " << way);
  const auto before = open_descriptors();
  {
    supervised cluster(with_workers("hostile", 2, {way}));
    std::optional<int> bystander;
    cluster.on_event = [&](const event& what) {
      if (what.kind == event_kind::ready && what.worker.value == 2) bystander = what.pid;
    };
    cluster.start();
    REQUIRE(cluster.run_until([&] { return cluster.of(event_kind::exited).size() == 1; }));
    const event end = cluster.of(event_kind::exited)[0];
    CHECK(end.worker.value == 1);
    CHECK(end.status.signal == SIGKILL);
    REQUIRE(cluster.run_until_ready(2));
    REQUIRE(bystander.has_value());
    CHECK(process_exists(*bystander));
    CHECK(cluster.of(event_kind::exited).size() == 1);
    CHECK(cluster.master.status().workers[0].id.value == 3);  // the successor in slot 0
    CHECK(cluster.stop() == error_code());
  }
  CHECK(open_descriptors() == before);
}

TEST_CASE("what a worker starts sees no descriptor and no marker of the library", "[supervisor]") {
  scratch_folder folder;
  options settings = with_workers("parent", 1, {folder / "seen"});
  settings.listen = {"127.0.0.1:0", "unix:" + (folder / "sock")};
  supervised cluster(settings);
  cluster.start();
  REQUIRE(cluster.run_until_ready(1));
  std::ifstream file(folder / "seen");
  std::stringstream text;
  text << file.rdbuf();
  const std::string seen = text.str();
  CHECK(seen.starts_with("0\n1\n2\n3\n"));  // 3 is the listing's own
  CHECK(seen.find("\n4\n") == std::string::npos);
  CHECK(seen.find("CLUSTER_CHANNEL") == std::string::npos);
  CHECK(seen.find("CLUSTER_WORKER_ID=1") != std::string::npos);  // documented, and meant to be seen
  CHECK(cluster.stop() == error_code());
}

TEST_CASE("exit codes are exit codes and signals are signals", "[supervisor]") {
  struct one {
    const char* how;
    const char* number;
    exit_reason reason;
  };
  const one wanted =
      GENERATE(one{"exit", "0", exit_reason::crashed}, one{"exit", "9", exit_reason::crashed},
               one{"signal", "9", exit_reason::signalled}, one{"signal", "6", exit_reason::signalled});
  options settings = with_workers("mortal", 1, {wanted.how, wanted.number});
  supervised cluster(settings);
  cluster.start();
  REQUIRE(cluster.run_until([&] { return !cluster.of(event_kind::exited).empty(); }));
  const event end = cluster.of(event_kind::exited)[0];
  INFO(wanted.how << " " << wanted.number);
  CHECK(end.reason == wanted.reason);
  if (wanted.reason == exit_reason::crashed) {
    CHECK(end.status.how == exit_status::kind::exited);
    CHECK(end.status.code == std::stoi(wanted.number));
  } else {
    CHECK(end.status.how == exit_status::kind::signalled);
    CHECK(end.status.signal == std::stoi(wanted.number));
  }
  cluster.stop(stop_mode::fast);
}

TEST_CASE("a worker that never says ready is ended, and the cluster gives up", "[supervisor]") {
  options settings = with_workers("silent", 1);
  settings.ready_timeout = 50ms;
  settings.restart.max_failures = 2;
  supervised cluster(settings);
  cluster.start();
  REQUIRE(cluster.run_until([&] { return cluster.result.has_value(); }));
  CHECK(*cluster.result == make_error_code(error::never_ready));
  CHECK(cluster.of(event_kind::exited)[0].reason == exit_reason::failed_to_start);
  CHECK_FALSE(cluster.master.failure().empty());
}

TEST_CASE("a worker that ignores DRAIN and TERM is killed in time", "[supervisor]") {
  options settings = with_workers("stubborn", 2);
  settings.drain_timeout = 100ms;
  settings.kill_timeout = 100ms;
  supervised cluster(settings);
  cluster.start();
  REQUIRE(cluster.run_until_ready(2));
  const auto start = std::chrono::steady_clock::now();
  CHECK(cluster.stop() == error_code());
  CHECK(std::chrono::steady_clock::now() - start < 5s);
  for (const event& each : cluster.of(event_kind::exited)) {
    CHECK(each.status.signal == SIGKILL);
    CHECK(each.reason == exit_reason::requested);
  }
}

TEST_CASE("an executable that cannot be started is said with stage and path", "[supervisor]") {
  scratch_folder folder;
  const std::string path = folder / "app";
  std::ofstream(path) << "not a program";
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  options settings = with_workers("good", 1);
  settings.executable = path;
  settings.restart.max_failures = 2;
  supervised cluster(settings);
  cluster.start();
  REQUIRE(cluster.run_until([&] { return cluster.result.has_value(); }));
  CHECK(*cluster.result == make_error_code(error::never_ready));
  REQUIRE_FALSE(cluster.of(event_kind::launch_failed).empty());
  CHECK(cluster.of(event_kind::launch_failed)[0].text.find("exec " + path) != std::string::npos);
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);  // no zombie
}

TEST_CASE("scaling up and down completes when it is so", "[supervisor]") {
  supervised cluster(with_workers("good", 1));
  cluster.start();
  REQUIRE(cluster.run_until_ready(1));
  std::optional<error_code> scaled;
  cluster.master.async_scale(4, [&](error_code ec) { scaled = ec; });
  REQUIRE(cluster.run_until([&] { return scaled.has_value(); }));
  CHECK(*scaled == error_code());
  CHECK(cluster.master.status().ready == 4);
  scaled.reset();
  cluster.master.async_scale(2, [&](error_code ec) { scaled = ec; });
  REQUIRE(cluster.run_until([&] { return scaled.has_value(); }));
  CHECK(cluster.master.status().workers.size() == 2);
  for (const event& each : cluster.of(event_kind::exited)) CHECK(each.reason == exit_reason::scaled_down);
  std::optional<error_code> refused;
  cluster.master.async_scale(0, [&](error_code ec) { refused = ec; });
  REQUIRE(cluster.run_until([&] { return refused.has_value(); }));
  CHECK(*refused == make_error_code(error::invalid_options));
  CHECK(cluster.stop() == error_code());
}

TEST_CASE("an exception in the observer is contained", "[supervisor]") {
  supervised cluster(with_workers("good", 1));
  int thrown = 0;
  cluster.on_event = [&](const event&) {
    ++thrown;
    if (thrown % 2 == 0) throw std::runtime_error("from the observer");
    throw 42;
  };
  cluster.start();
  REQUIRE(cluster.run_until_ready(1));
  CHECK(cluster.stop() == error_code());
  CHECK(thrown > 4);
}

TEST_CASE("cancelling async_run stops the cluster", "[supervisor]") {
  const auto type = GENERATE(boost::asio::cancellation_type::total, boost::asio::cancellation_type::terminal);
  supervised cluster(with_workers("good", 2));
  boost::asio::cancellation_signal signal;
  cluster.master.async_run(
      boost::asio::bind_cancellation_slot(signal.slot(), [&](error_code ec) { cluster.result = ec; }));
  REQUIRE(cluster.run_until_ready(2));
  signal.emit(type);
  REQUIRE(cluster.run_until([&] { return cluster.result.has_value(); }));
  CHECK(*cluster.result == error_code());
  CHECK(cluster.of(event_kind::exited).size() == 2);
}

TEST_CASE("misuse is answered, not undefined", "[supervisor]") {
  options bad = with_workers("good", 5000);
  CHECK_THROWS_AS(supervisor(boost::asio::io_context().get_executor(), bad), std::invalid_argument);
  supervised cluster(with_workers("good", 1));
  cluster.start();
  std::optional<error_code> second;
  cluster.master.async_run([&](error_code ec) { second = ec; });
  REQUIRE(cluster.run_until([&] { return second.has_value(); }));
  CHECK(*second == make_error_code(error::already_running));
  CHECK(cluster.stop() == error_code());
  std::optional<error_code> after;
  cluster.master.async_stop(stop_mode::fast, [&](error_code ec) { after = ec; });
  REQUIRE(cluster.run_until([&] { return after.has_value(); }));
  CHECK(*after == error_code());
}

TEST_CASE("ten lives in one process leave no descriptor and no zombie", "[supervisor]") {
  options settings = with_workers("good", 3);
  settings.listen = {"127.0.0.1:0"};
  const auto before = open_descriptors();
  {
    supervised cluster(settings);
    for (int round = 0; round < 10; ++round) {
      cluster.result.reset();
      cluster.start();
      REQUIRE(cluster.run_until_ready(3));
      REQUIRE(cluster.stop() == error_code());
    }
  }
  CHECK(open_descriptors() == before);
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("destroyed while it runs, it takes its workers along", "[supervisor]") {
  std::vector<worker_status> workers;
  {
    supervised cluster(with_workers("good", 2));
    cluster.start();
    REQUIRE(cluster.run_until_ready(2));
    workers = cluster.master.status().workers;
  }
  for (const worker_status& each : workers) CHECK_FALSE(process_exists(each.pid));
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("a worker is available as a process object of Boost.Process", "[supervisor]") {
  supervised cluster(with_workers("good", 1));
  cluster.start();
  REQUIRE(cluster.run_until_ready(1));
  const worker_status one = cluster.master.status().workers[0];
  const int pidfd = cluster.master.duplicate_pidfd(one.id);
  REQUIRE(pidfd >= 0);
  boost::process::v2::basic_process<boost::asio::any_io_executor> process(cluster.context.get_executor(),
                                                                          one.pid, pidfd);
  CHECK(process.id() == one.pid);
  process.request_exit();  // SIGTERM: it drains by itself and is replaced
  REQUIRE(cluster.run_until([&] { return cluster.of(event_kind::exited).size() == 1; }));
  CHECK(cluster.of(event_kind::exited)[0].status.code == 0);
  process.detach();
  REQUIRE(cluster.run_until_ready(1));
  CHECK(cluster.stop() == error_code());
  CHECK(cluster.master.duplicate_pidfd(one.id) == -1);
}

TEST_CASE("exit statuses that the host takes away do not hang anything", "[supervisor]") {
  supervised cluster(with_workers("good", 1));
  cluster.start();
  REQUIRE(cluster.run_until_ready(1));
  const int pid = cluster.master.status().workers[0].pid;
  ::kill(pid, SIGKILL);
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);  // as a host that waits for any child would
  REQUIRE(cluster.run_until([&] { return cluster.of(event_kind::exited).size() == 1; }));
  CHECK(cluster.of(event_kind::exited)[0].status.how == exit_status::kind::unknown);
  REQUIRE(cluster.run_until_ready(1));
  CHECK(cluster.stop() == error_code());
}

TEST_CASE("async_reload replaces every worker and reports", "[supervisor]") {
  supervised cluster(with_workers("good", 3));
  cluster.start();
  REQUIRE(cluster.run_until_ready(3));
  std::optional<reload_report> report;
  std::size_t fewest = 3;
  cluster.on_event = [&](const event&) {
    if (!report) fewest = std::min(fewest, cluster.master.status().ready);
  };
  cluster.master.async_reload([&](error_code ec, reload_report what) {
    CHECK(ec == error_code());
    report = std::move(what);
  });
  REQUIRE(cluster.run_until([&] { return report.has_value(); }));
  CHECK(report->how == reload_report::outcome::completed);
  CHECK(report->slots_total == 3);
  CHECK(report->slots_done == 3);
  CHECK(report->to.value == report->from.value + 1);
  CHECK(fewest >= 3);
  const cluster_status now = cluster.master.status();
  CHECK(now.generation == report->to);
  for (const worker_status& each : now.workers) CHECK(each.generation == report->to);
  for (const event& each : cluster.of(event_kind::exited)) CHECK(each.reason == exit_reason::replaced);
  CHECK(cluster.stop() == error_code());
}

TEST_CASE("a reload can be taken back, refused, and asked for options", "[supervisor]") {
  options settings = with_workers("good", 2);
  settings.reload.soak = 100ms;
  supervised cluster(settings);
  std::optional<error_code> early;
  cluster.master.async_reload([&](error_code ec, const reload_report&) { early = ec; });
  REQUIRE(cluster.run_until([&] { return early.has_value(); }));
  CHECK(*early == make_error_code(error::not_running));
  cluster.start();
  REQUIRE(cluster.run_until_ready(2));

  std::optional<error_code> first;
  std::optional<error_code> second;
  cluster.master.async_reload([&](error_code ec, const reload_report&) { first = ec; });
  cluster.master.async_reload([&](error_code ec, const reload_report&) { second = ec; });
  REQUIRE(cluster.run_until([&] { return second.has_value(); }));
  CHECK(*second == make_error_code(error::reload_running));
  cluster.master.abort_reload();
  REQUIRE(cluster.run_until([&] { return first.has_value(); }));
  CHECK(*first == boost::asio::error::operation_aborted);
  REQUIRE(cluster.run_until([&] { return cluster.master.status().workers.size() == 2; }));
  for (const worker_status& each : cluster.master.status().workers) CHECK(each.id.value <= 2);

  cluster.master.on_reload([]() -> options { throw std::runtime_error("the file has a typing error"); });
  std::optional<std::string> reason;
  cluster.master.async_reload([&](error_code, const reload_report& what) { reason = what.reason; });
  REQUIRE(cluster.run_until([&] { return reason.has_value(); }));
  CHECK(*reason == "the file has a typing error");
  CHECK(cluster.stop() == error_code());
}

TEST_CASE("async_restart replaces one worker by a fresh one of its generation", "[supervisor]") {
  supervised cluster(with_workers("good", 2));
  std::optional<error_code> early;
  cluster.master.async_restart({1}, [&](error_code ec) { early = ec; });
  REQUIRE(cluster.run_until([&] { return early.has_value(); }));
  CHECK(*early == make_error_code(error::not_running));
  cluster.start();
  REQUIRE(cluster.run_until_ready(2));
  std::size_t fewest = 2;
  cluster.on_event = [&](const event&) { fewest = std::min(fewest, cluster.master.status().ready); };
  std::optional<error_code> first;
  std::optional<error_code> again;
  std::optional<error_code> unknown;
  cluster.master.async_restart({1}, [&](error_code ec) { first = ec; });
  cluster.master.async_restart({1}, [&](error_code ec) { again = ec; });
  cluster.master.async_restart({77}, [&](error_code ec) { unknown = ec; });
  REQUIRE(cluster.run_until([&] { return first && again && unknown; }));
  CHECK(*first == error_code());
  CHECK(*again == make_error_code(error::worker_unavailable));
  CHECK(*unknown == make_error_code(error::worker_unavailable));
  CHECK(fewest == 2);
  const auto workers = cluster.master.status().workers;
  REQUIRE(workers.size() == 2);
  CHECK(workers[0].id.value == 3);
  CHECK(workers[0].slot.value == 0);
  CHECK(workers[1].id.value == 2);
  REQUIRE(cluster.of(event_kind::exited).size() == 1);
  CHECK(cluster.of(event_kind::exited)[0].reason == exit_reason::recycled);

  cluster.on_event = nullptr;
  std::optional<error_code> cut;
  cluster.master.async_restart({2}, [&](error_code ec) { cut = ec; });
  CHECK(cluster.stop() == error_code());
  REQUIRE(cluster.run_until([&] { return cut.has_value(); }));
  CHECK(*cut == boost::asio::error::operation_aborted);
}

TEST_CASE("a single restart whose successor does not start leaves the worker as it is", "[supervisor]") {
  supervised cluster(with_workers("first-only", 1));
  cluster.start();
  REQUIRE(cluster.run_until_ready(1));
  std::optional<error_code> result;
  cluster.master.async_restart({1}, [&](error_code ec) { result = ec; });
  REQUIRE(cluster.run_until([&] { return result.has_value(); }));
  CHECK(*result == make_error_code(error::launch_failed));
  CHECK(cluster.master.status().workers[0].id.value == 1);
  CHECK(cluster.stop() == error_code());
}

TEST_CASE("the number of workers stays as it is while a roll-out runs", "[supervisor]") {
  options settings = with_workers("good", 1);
  settings.reload.soak = 50ms;
  supervised cluster(settings);
  cluster.start();
  REQUIRE(cluster.run_until_ready(1));
  std::optional<error_code> reloaded;
  std::optional<error_code> scaled;
  cluster.master.async_reload([&](error_code ec, const reload_report&) { reloaded = ec; });
  cluster.master.async_scale(3, [&](error_code ec) { scaled = ec; });
  REQUIRE(cluster.run_until([&] { return reloaded && scaled; }));
  CHECK(*scaled == make_error_code(error::reload_running));
  CHECK(*reloaded == error_code());
  CHECK(cluster.master.status().target == 1);
  CHECK(cluster.stop() == error_code());
}

TEST_CASE("what a worker says before it is ready is part of the reason of its end", "[supervisor]") {
  options settings = with_workers("complaining", 1);
  settings.restart.max_failures = 1;
  supervised cluster(settings);
  cluster.start();
  REQUIRE(cluster.run_until([&] { return cluster.result.has_value(); }));
  CHECK(*cluster.result == make_error_code(error::never_ready));
  INFO(cluster.master.failure());
  CHECK(cluster.master.failure().find("cache: the key file is missing") != std::string::npos);
  CHECK(cluster.master.failure().find("exit code 9") != std::string::npos);
}
