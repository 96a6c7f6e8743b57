// SPDX-License-Identifier: BSL-1.0
// Workers that know nothing of the library: this program in roles that use no line of it.
#include "fixture.hpp"
#include "support/http_client.hpp"
#include "support/role.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fstream>

using namespace cluster;
using namespace cluster::test;
using namespace std::chrono_literals;

namespace {

volatile std::sig_atomic_t told_to_leave = 0;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

// Waits for room, as programs do; nothing is lost.
void say(const char* text, int times = 1) {
  const std::string address = variable("NOTIFY_SOCKET");
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path + 1, address.data() + 1, address.size() - 1);
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  for (int i = 0; i < times; ++i)
    ::sendto(socket, text, std::strlen(text), 0, reinterpret_cast<const sockaddr*>(&to),
             static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size()));
  ::close(socket);
}

// argv[1]: what it does. argv[2]: a file where it writes down what it finds.
int foreign(int argc, char** argv) {
  const std::string way = argc > 1 ? argv[1] : "";
  const bool first = variable("CLUSTER_WORKER_ID") == "1";
  struct sigaction leave {};
  leave.sa_handler = [](int) { told_to_leave = 1; };
  ::sigaction(SIGTERM, &leave, nullptr);
  if (argc > 2) {
    const bool next = ::fcntl(4, F_GETFD) >= 0;
    std::ofstream to(argv[2] + variable("CLUSTER_WORKER_ID"));
    int listening = 0;
    socklen_t length = sizeof listening;
    ::getsockopt(3, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length);
    to << (variable("LISTEN_PID") == std::to_string(::getpid())) << " fds=" << variable("LISTEN_FDS")
       << " names=" << variable("LISTEN_FDNAMES") << " listens=" << listening
       << " blocks=" << ((::fcntl(3, F_GETFL) & O_NONBLOCK) == 0) << " next=" << next
       << " channel=" << variable("CLUSTER_CHANNEL_FD") << " watchdog=" << variable("WATCHDOG_USEC")
       << " notify=" << variable("NOTIFY_SOCKET") << std::endl;
  }
  if (way == "status") say("STATUS=the disk is full");
  if (way == "never" || way == "status") return 3;
  if (way == "silent")
    for (;;) ::pause();
  if (way == "by-child" && ::fork() == 0) {
    say("READY=1");
    // Not gone before it is heard, like the tool of the service managers.
    ::usleep(200'000);
    return 0;
  }
  if (way != "mute" && way != "by-child") say("READY=1");
  if (way == "flood" && first) say("STATUS=x", 5000);
  if (way == "hangs" && first) say("WATCHDOG=1");
  if (way == "shuts" && first) ::shutdown(3, SHUT_RDWR);
  if (way == "shuts" && first) return 0;
  if (way == "leaves" && first) say("STOPPING=1");
  if (way == "leaves" && first) return 0;
  while (told_to_leave == 0 || way == "stubborn") {
    if (way == "hangs" && !first) say("WATCHDOG=1");
    ::usleep(20'000);
  }
  return 0;
}
const role as_foreign{"foreign", foreign};

options with_foreign(std::string way, std::size_t count, std::vector<std::string> more = {}) {
  more.insert(more.begin(), std::move(way));
  options settings = with_workers("foreign", count, std::move(more));
  settings.executable = std::filesystem::read_symlink("/proc/self/exe").string();
  settings.foreign.emplace();
  settings.foreign->wait_ready = true;
  return settings;
}

struct scratch {
  scratch() {
    std::string pattern = std::filesystem::temp_directory_path() / "cluster-foreign-XXXXXX";
    path = ::mkdtemp(pattern.data());
  }
  ~scratch() { std::filesystem::remove_all(path); }
  std::string line(const std::string& name) const {
    std::ifstream file(path + "/" + name);
    std::string text;
    std::getline(file, text);
    return text;
  }
  std::string path;
};

}  // namespace

TEST_CASE("a foreign worker finds its sockets, its own pid and where to say how it is", "[foreign]") {
  const scratch place;
  options settings = with_foreign("good", 1, {place.path + "/"});
  settings.listen = {"127.0.0.1:0"};
  settings.hang_timeout = 8s;
  supervised it(std::move(settings));
  it.start();
  REQUIRE(it.run_until_ready(1));
  INFO(place.line("1"));
  CHECK(place.line("1").starts_with(
      "1 fds=1 names=tcp-0 listens=1 blocks=1 next=0 channel= watchdog=4000000 notify=@"));
  CHECK(it.of(event_kind::online).size() == 1);
  CHECK_FALSE(it.stop());
  const auto ends = it.of(event_kind::exited);
  REQUIRE(ends.size() == 1);
  CHECK(ends[0].reason == exit_reason::requested);
  CHECK(ends[0].status.code == 0);
}

TEST_CASE("a rolling replacement of foreign workers: successor ready first, then TERM", "[foreign]") {
  supervised it(with_foreign("good", 2));
  it.start();
  REQUIRE(it.run_until_ready(2));
  std::optional<reload_report> report;
  it.master.async_reload([&](error_code, reload_report got) { report = std::move(got); });
  REQUIRE(it.run_until([&] { return report.has_value(); }));
  CHECK(report->how == reload_report::outcome::completed);
  CHECK(report->slots_done == 2);
  const auto ready = it.of(event_kind::ready);
  const auto draining = it.of(event_kind::draining);
  REQUIRE(ready.size() == 4);
  REQUIRE(draining.size() == 2);
  CHECK(ready[2].sequence < draining[0].sequence);
  CHECK(ready[3].sequence < draining[1].sequence);
  CHECK_FALSE(it.stop());
}

TEST_CASE("without wait_ready who says nothing is ready at a certain age", "[foreign]") {
  options settings = with_foreign("mute", 1);
  settings.foreign->wait_ready = false;
  settings.foreign->ready_after = 100ms;
  supervised it(std::move(settings));
  it.start();
  REQUIRE(it.run_until_ready(1));
  CHECK_FALSE(it.stop());
}

TEST_CASE("with wait_ready silence is a failed start", "[foreign]") {
  options settings = with_foreign("silent", 1);
  settings.ready_timeout = 100ms;
  supervised it(std::move(settings));
  it.start();
  REQUIRE(it.run_until([&] { return !it.of(event_kind::exited).empty(); }));
  CHECK(it.of(event_kind::exited)[0].reason == exit_reason::failed_to_start);
  CHECK(it.of(event_kind::ready).empty());
  it.stop(stop_mode::fast);
}

TEST_CASE("what a foreign worker said of its state is part of its end", "[foreign]") {
  options settings = with_foreign("status", 1);
  settings.restart.max_failures = 1;
  supervised it(std::move(settings));
  it.start();
  REQUIRE(it.run_until([&] { return it.result.has_value(); }));
  CHECK(*it.result == make_error_code(error::never_ready));
  CHECK(it.master.failure().find("the disk is full") != std::string::npos);
}

TEST_CASE("what a worker has started may speak for it, strangers may not", "[foreign]") {
  const scratch place;
  supervised it(with_foreign("by-child", 1, {place.path + "/"}));
  it.start();
  REQUIRE(it.run_until_ready(1));

  options settings = with_foreign("mute", 1, {place.path + "/b"});
  supervised other(std::move(settings));
  other.start();
  const auto address = [&] {
    const std::string line = place.line("b1");
    const auto at = line.find("notify=");
    return at == line.npos ? std::string() : line.substr(at + 7);
  };
  for (int i = 0; i < 2000 && address().empty(); ++i) other.context.run_for(10ms);
  REQUIRE_FALSE(address().empty());
  ::setenv("NOTIFY_SOCKET", address().c_str(), 1);
  say("READY=1");
  ::unsetenv("NOTIFY_SOCKET");
  other.context.run_for(100ms);
  CHECK(other.of(event_kind::ready).empty());
  other.stop();
  it.stop();
}

TEST_CASE("a foreign worker that has begun to say it is alive is watched", "[foreign]") {
  options settings = with_foreign("hangs", 1);
  settings.hang_timeout = 400ms;
  supervised it(std::move(settings));
  it.start();
  REQUIRE(it.run_until([&] { return !it.of(event_kind::exited).empty(); }));
  const auto ends = it.of(event_kind::exited);
  CHECK(ends[0].worker == worker_id{1});
  CHECK(ends[0].reason == exit_reason::hung);
  REQUIRE(it.run_until_ready(1));
  it.context.run_for(1s);  // the next one goes on saying it
  CHECK(it.of(event_kind::hung).size() == 1);
  CHECK_FALSE(it.stop());
}

TEST_CASE("a worker that leaves by itself says so, and another one takes its place", "[foreign]") {
  supervised it(with_foreign("leaves", 1));
  it.start();
  REQUIRE(it.run_until([&] { return it.of(event_kind::ready).size() == 2; }));
  CHECK(it.of(event_kind::draining).size() == 1);
  CHECK(it.of(event_kind::exited)[0].reason == exit_reason::requested);
  CHECK_FALSE(it.stop());
}

TEST_CASE("a flood of notifications costs the one who sends it", "[foreign]") {
  supervised it(with_foreign("flood", 2));
  it.start();
  REQUIRE(it.run_until([&] { return !it.of(event_kind::exited).empty(); }));
  CHECK(it.of(event_kind::exited)[0].worker == worker_id{1});
  REQUIRE(it.run_until_ready(2));
  CHECK_FALSE(it.stop());
}

TEST_CASE("a worker that does not heed TERM is ended by KILL after its time", "[foreign]") {
  options settings = with_foreign("stubborn", 1);
  settings.drain_timeout = 50ms;
  settings.kill_timeout = 50ms;
  supervised it(std::move(settings));
  it.start();
  REQUIRE(it.run_until_ready(1));
  CHECK_FALSE(it.stop());
  CHECK(it.of(event_kind::exited)[0].status.signal == SIGKILL);
}

TEST_CASE("a shared socket that a worker has shut down listens again", "[foreign]") {
  options settings = with_foreign("shuts", 2);
  settings.listen = {"127.0.0.1:0"};
  supervised it(std::move(settings));
  it.start();
  REQUIRE(it.run_until([&] { return !it.of(event_kind::exited).empty(); }));
  const std::string uri = it.master.status().listeners.at(0);
  CHECK(connection(static_cast<std::uint16_t>(std::stoi(uri.substr(uri.rfind(':') + 1)))).open());
  REQUIRE(it.run_until_ready(2));
  CHECK_FALSE(it.stop());
}
