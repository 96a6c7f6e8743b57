// SPDX-License-Identifier: BSL-1.0
// TLS over the life of a whole cluster: start, workers that share tickets, reloads, a supervisor that dies.
#include "integration/http/tls_peer.hpp"
#include "support/http_client.hpp"
#include "support/program.hpp"

#include <signal.h>

#include <atomic>
#include <fstream>
#include <mutex>
#include <set>
#include <sstream>
#include <thread>
#include <vector>

using namespace cluster::test;
using namespace std::chrono_literals;

namespace {

const std::string workbench = CLUSTER_TEST_BINARY_DIR "/examples/91_secure_workbench";

/// A folder with an authority's certificate for a.test, and the flags to use it.
struct secured {
  secured() : path(write_identity(folder.path(), "a", root.issue({"a.test"}))) {}

  program_settings settings(std::vector<std::string> more = {}) const {
    program_settings out{
        workbench,
        {"--listen", "127.0.0.1:0+tls", "--tls-certificate", path + ".pem", "--tls-key", path + ".key"},
        {},
        {}};
    out.arguments.insert(out.arguments.end(), more.begin(), more.end());
    return out;
  }
  void renew(const std::string& name) const { write_identity(folder.path(), "a", root.issue({name})); }

  scratch_folder folder;
  authority root;
  std::string path;
};

std::string worker_of(const reply& answer) {
  const std::size_t at = answer.head.find("X-Worker: ") + 10;
  return answer.head.substr(at, answer.head.find('\r', at) - at);
}

/// Connections one after the other, each with the ticket of the one before, until so many workers have
/// answered. Returns those of workers that went on with a session of another one.
std::set<std::string> resume_everywhere(std::uint16_t port, tls_ticket& ticket, std::size_t workers) {
  std::set<std::string> seen;
  for (int i = 0; i < 2000 && seen.size() < workers; ++i) {
    tls_peer one(port, {}, ticket);
    REQUIRE(one.good);
    REQUIRE(one.tls.resumed());
    const reply answer = one.ask(get("/"));
    REQUIRE(answer.status == 200);
    seen.insert(worker_of(answer));
    if (one.tls.ticket()) ticket = one.tls.ticket();
  }
  return seen;
}

tls_ticket first_ticket(std::uint16_t port) {
  tls_peer first(port);
  REQUIRE(first.good);
  CHECK_FALSE(first.tls.resumed());
  REQUIRE(first.ask(get("/")).status == 200);
  REQUIRE(first.tls.ticket());
  return first.tls.ticket();
}

/// Clients that forgive nothing but an announced end.
class tls_load {
 public:
  tls_load(std::uint16_t port, unsigned clients) : port_(port) {
    for (unsigned i = 0; i < clients; ++i) threads_.emplace_back([this, i] { run(i); });
  }
  ~tls_load() { finish(); }
  void wait_for_more(std::uint64_t count) const {
    const std::uint64_t goal = answered + count;
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (answered < goal && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(1ms);
    REQUIRE(answered >= goal);
  }
  void finish() {
    stop_ = true;
    for (std::thread& each : threads_)
      if (each.joinable()) each.join();
  }

  std::atomic<std::uint64_t> answered{0};
  std::atomic<std::uint64_t> announced{0};
  std::atomic<std::uint64_t> lost{0};
  std::string first;

 private:
  void blame(const std::string& why) {
    const std::lock_guard lock(mutex_);
    if (lost++ == 0) first = why;
  }
  void run(unsigned number) {
    tls_ticket ticket;
    while (!stop_) {
      tls_peer one(port_, {}, ticket);
      if (!one.good) {
        blame("handshake: " + one.tls.problem());
        continue;
      }
      for (unsigned round = 0; !stop_; ++round) {
        const std::string content = std::to_string(number) + "-" + std::to_string(round);
        // A third of them take their time.
        if (number % 3 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(round % 20));
        const reply answer = one.ask(post("/echo", content));
        if (answer.status != 200 || answer.body != content) {
          blame("status " + std::to_string(answer.status) + " in round " + std::to_string(round) + ", " +
                one.tls.problem());
          break;
        }
        ++answered;
        if (!answer.has("Connection: close\r\n")) continue;
        ++announced;
        if (!one.closed_in_order()) blame("the end was not said: " + one.tls.problem());
        break;
      }
      if (one.tls.ticket()) ticket = one.tls.ticket();
    }
  }

  std::uint16_t port_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::vector<std::thread> threads_;
};

std::string refused_start(const program_settings& settings) {
  program one(settings);
  const auto end = one.wait_exit();
  INFO(one.output());
  CHECK(end.code == 2);
  const std::string out = one.output();
  CHECK(std::count(out.begin(), out.end(), '\n') == 1);
  return out;
}

}  // namespace

TEST_CASE("a session goes on at every worker, and after a reload", "[tls]") {
  const secured files;
  program cluster(files.settings({"--workers", "2"}));
  cluster.wait_ready(2);
  tls_ticket ticket = first_ticket(cluster.port());
  CHECK(resume_everywhere(cluster.port(), ticket, 2).size() == 2);
  cluster.signal(SIGHUP);
  cluster.wait_for("reload completed: 2 of 2 slots");
  CHECK(resume_everywhere(cluster.port(), ticket, 2) == std::set<std::string>{"3", "4"});
  // Nothing that is secret lies where others can look.
  for (const auto& each : cluster.ready_workers()) {
    for (const char* file : {"cmdline", "environ"}) {
      std::ostringstream text;
      text << std::ifstream("/proc/" + std::to_string(each.pid) + "/" + file).rdbuf();
      CHECK(text.str().find("PRIVATE KEY") == std::string::npos);
    }
  }
  CHECK(cluster.output().find("PRIVATE KEY") == std::string::npos);
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}

TEST_CASE("a session goes on under another supervisor", "[tls]") {
  const secured files;
  const std::vector<std::string> flags{"--workers", "2", "--rendezvous", files.folder / "home"};
  auto first = std::make_unique<program>(files.settings(flags));
  first->wait_ready(2);
  const std::uint16_t port = first->port();
  tls_ticket ticket = first_ticket(port);
  first->signal(SIGKILL);
  first->wait_exit();
  program second(files.settings(flags));
  second.wait_for("took over 2 of 2 workers");
  CHECK(resume_everywhere(port, ticket, 2).size() == 2);
  second.signal(SIGHUP);
  second.wait_for("reload completed: 2 of 2 slots");
  CHECK(resume_everywhere(port, ticket, 2) == std::set<std::string>{"3", "4"});
  second.signal(SIGTERM);
  CHECK(second.wait_exit().code == 0);
}

TEST_CASE("reloads under load over TLS: ends are announced, nothing is lost", "[tls]") {
  const secured files;
  program cluster(files.settings({"--workers", "2"}));
  cluster.wait_ready(2);
  tls_load load(cluster.port(), 12);
  load.wait_for_more(100);
  for (int round = 0; round < 3; ++round) {
    cluster.signal(SIGHUP);
    cluster.wait_for("reload completed: 2 of 2 slots");
    load.wait_for_more(50);
  }
  load.finish();
  INFO(load.first << "\n" << cluster.output());
  WARN(load.answered << " answered, " << load.announced << " announced ends, " << load.lost << " lost");
  CHECK(load.lost == 0);
  CHECK(load.announced >= 12);
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}

TEST_CASE("a reload brings new certificates; bad ones refuse it and what serves stays", "[tls]") {
  const secured files;
  program cluster(files.settings({"--workers", "1"}));
  cluster.wait_ready(1);
  const auto subject = [&] { return tls_peer(cluster.port()).tls.server_subject(); };
  CHECK(subject() == "a.test");
  files.renew("b.test");
  CHECK(subject() == "a.test");
  cluster.signal(SIGHUP);
  cluster.wait_for("reload completed: 1 of 1 slots");
  CHECK(subject() == "b.test");
  std::ofstream(files.path + ".key") << "nonsense\n";
  cluster.signal(SIGHUP);
  const std::string line = cluster.wait_for("reload failed");
  CHECK(line.find(files.path + ".key: there is no private key") != std::string::npos);
  CHECK(subject() == "b.test");
  // A worker that comes later has what was good.
  const auto workers = cluster.ready_workers();
  ::kill(workers.back().pid, SIGKILL);
  cluster.wait_ready(3);
  CHECK(subject() == "b.test");
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}

TEST_CASE("bad files refuse the start with one line", "[tls]") {
  const secured files;
  std::ofstream(files.folder / "text") << "text\n";
  // A program that was not linked with TLS says so.
  program_settings without = files.settings();
  without.path = CLUSTER_TEST_BINARY_DIR "/examples/90_workbench";
  CHECK(refused_start(without).find("linked without TLS") != std::string::npos);
  program_settings settings{workbench, {"--listen", "127.0.0.1:0+tls"}, {}, {}};
  CHECK(refused_start(settings).find("TLS needs a certificate") != std::string::npos);
  settings.arguments.insert(settings.arguments.end(), {"--tls-certificate", files.folder / "none"});
  CHECK(refused_start(settings).find("none: No such file") != std::string::npos);
  settings.arguments.back() = files.folder / "text";
  CHECK(refused_start(settings).find("text: there is no certificate") != std::string::npos);
  settings.arguments.emplace_back("--check");
  CHECK(refused_start(settings).find("text: there is no certificate") != std::string::npos);
  settings.arguments = files.settings({"--check"}).arguments;
  program fine(settings);
  CHECK(fine.wait_exit().code == 0);
}

TEST_CASE("the example: plain requests are sent to HTTPS, clients show who they are", "[tls][examples]") {
  const secured files;
  std::ofstream(files.folder / "ca.pem") << files.root.certificate();
  program_settings settings = files.settings({"--listen", "127.0.0.1:0", "--workers", "1"});
  settings.path = CLUSTER_TEST_BINARY_DIR "/examples/07_tls";
  settings.environment = {"CLUSTER_TLS_CLIENTS=optional", "CLUSTER_TLS_CLIENT_CA=" + files.folder / "ca.pem"};
  program cluster(settings);
  cluster.wait_ready(1);
  const std::string line = cluster.wait_for("listening on ");
  const auto plain = static_cast<std::uint16_t>(std::stoi(line.substr(line.rfind(':') + 1)));
  const answer sent = cluster::test::get(plain, "/x?y=1");
  CHECK(sent.status == 308);
  CHECK(sent.field("Location") == "https://test:8443/x?y=1");
  tls_peer stranger(cluster.port(), {files.root.certificate(), "a.test", {}});
  const reply hello = stranger.ask(get("/"));
  CHECK(hello.body == "Hello, stranger! This came over https.\n");
  CHECK(hello.has("Strict-Transport-Security: max-age="));
  tls_peer ann(cluster.port(), {files.root.certificate(), "a.test", files.root.issue({"ann"})});
  CHECK(ann.ask(get("/")).body == "Hello, CN=ann! This came over https.\n");
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}
