// SPDX-License-Identifier: BSL-1.0
// The flags, environment, signals and exit codes that scripts depend on.
#include "support/catch.hpp"
#include "support/http_client.hpp"
#include "support/program.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

using namespace cluster::test;
using namespace std::chrono_literals;

namespace {

program_settings hello(std::vector<std::string> flags) {
  return {CLUSTER_TEST_BINARY_DIR "/examples/01_hello_cluster", std::move(flags), {}, {}};
}

/// A listening socket of ours, as another program or a service manager would have it.
struct foreign_listener {
  foreign_listener() : fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof at;
    REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&at), length) == 0);
    REQUIRE(::listen(fd, 16) == 0);
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &length);
    port = ntohs(at.sin_port);
  }
  ~foreign_listener() { ::close(fd); }
  foreign_listener(const foreign_listener&) = delete;
  foreign_listener& operator=(const foreign_listener&) = delete;
  int fd;
  std::uint16_t port = 0;
};

struct ended {
  int code;
  std::string output;
};

ended run(std::vector<std::string> flags, std::vector<std::string> environment = {}) {
  program_settings settings = hello(std::move(flags));
  settings.environment = std::move(environment);
  program one(settings);
  const cluster::exit_status status = one.wait_exit();
  return {status.code, one.output()};
}

std::size_t lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE("bad usage: one line that teaches, exit 2, nothing started", "[front_door]") {
  struct bad {
    std::vector<std::string> flags;
    std::vector<std::string> words;
  };
  const std::vector<bad> cases = {
      {{"--workers", "none"}, {"--workers", "'none'", "auto"}},
      {{"--worker", "2"}, {"unknown flag '--worker'", "--workers"}},
      {{"--schedule", "fair"}, {"--schedule", "'fair'", "round-robin"}},
      {{"--listen", "127.0.0.1:99999"}, {"127.0.0.1:99999", "0 to 65535"}},
      {{"--listen", "http://x"}, {"http://x", "tcp://"}},
      {{"--drain-timeout", "soon"}, {"--drain-timeout", "'soon'", "30s"}},
      {{"--workers"}, {"--workers", "needs a value"}},
      {{"extra"}, {"'extra'", "--"}},
      {{"--user", "no-such-user-here"}, {"user"}},
      {{"--config", "/nonexistent/cluster.json"}, {"/nonexistent/cluster.json", "No such file"}},
  };
  for (const bad& each : cases) {
    const ended end = run(each.flags);
    INFO(end.output);
    CHECK(end.code == 2);
    CHECK(lines(end.output) == 1);
    for (const std::string& word : each.words) CHECK(end.output.find(word) != std::string::npos);
  }
  const ended from_environment = run({}, {"CLUSTER_WORKERS=many"});
  CHECK(from_environment.code == 2);
  CHECK(from_environment.output.find("CLUSTER_WORKERS: 'many'") != std::string::npos);
}

TEST_CASE("--help, --version and --check print and end", "[front_door]") {
  const ended help = run({"--help"});
  CHECK(help.code == 0);
  CHECK(lines(help.output) <= 48);
  CHECK(help.output.find("--workers N|A-B|auto") != std::string::npos);
  const ended version = run({"--version"});
  CHECK(version.code == 0);
  CHECK(version.output.find("hello (cluster 0.") == 0);
  const ended check = run({"--check", "--workers", "3"});
  CHECK(check.code == 0);
  CHECK(lines(check.output) == 1);
  CHECK(run({"--check", "--workers", "0"}).code == 2);
}

TEST_CASE("a busy port: address and reason, exit 3, no worker started", "[front_door]") {
  foreign_listener other;
  const ended end = run({"--listen", "127.0.0.1:" + std::to_string(other.port)});
  INFO(end.output);
  CHECK(end.code == 3);
  CHECK(lines(end.output) == 1);
  CHECK(end.output.find("127.0.0.1:" + std::to_string(other.port)) != std::string::npos);
  CHECK(end.output.find("in use") != std::string::npos);
}

TEST_CASE("flag beats environment beats file", "[front_door]") {
  scratch_folder folder;
  std::ofstream(folder / "cluster.json")
      << R"({"listen": "127.0.0.1:0", "workers": 1, "log-format": "json"})";
  program_settings settings = hello({"--config", folder / "cluster.json", "--workers", "3"});
  settings.environment = {"CLUSTER_WORKERS=2", "CLUSTER_LOG_FORMAT=text"};
  program cluster(settings);
  cluster.wait_ready(3);
  CHECK(cluster.output().find("starts 3 workers") != std::string::npos);
  CHECK(get(cluster.port(), "/").body == "Hello, World!\n");
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
  std::ofstream(folder / "bad.json") << "{\"workers\": 2,\n \"workrs\": 3}";
  const ended unknown = run({"--config", folder / "bad.json"});
  CHECK(unknown.code == 2);
  CHECK(unknown.output.find("'workrs'") != std::string::npos);
  CHECK(unknown.output.find("'workers'") != std::string::npos);
}

TEST_CASE("port 0 stays the same for the supervisor's life", "[front_door]") {
  program cluster(hello({"--listen", "127.0.0.1:0", "--workers", "1"}));
  cluster.wait_ready(1);
  const std::uint16_t port = cluster.port();
  ::kill(cluster.ready_workers()[0].pid, SIGKILL);
  cluster.wait_ready(2);
  CHECK(get(port, "/").status == 200);
}

TEST_CASE("dual stack, v6 only and v4 listeners answer where they should", "[front_door]") {
  program dual(hello({"--listen", "tcp://[::]:0", "--workers", "1"}));
  dual.wait_ready(1);
  CHECK(get(dual.port(), "/").status == 200);  // over IPv4
  program six(hello({"--listen", "tcp://[::]:0?v6only=1", "--workers", "1"}));
  six.wait_ready(1);
  CHECK_FALSE(connection(six.port()).open());
  program four(hello({"--listen", "tcp://127.0.0.1:0", "--workers", "1"}));
  four.wait_ready(1);
  CHECK(get(four.port(), "/").status == 200);
}

TEST_CASE("a Unix socket left by kill -9 is taken over, a live one is not", "[front_door]") {
  scratch_folder folder;
  const std::string path = folder / "app.sock";
  {
    program first(hello({"--listen", "unix:" + path, "--workers", "1", "--rendezvous", "off"}));
    first.wait_ready(1);
    CHECK(connection(path).get("/").status == 200);
    struct stat made {};
    REQUIRE(::stat(path.c_str(), &made) == 0);
    CHECK((made.st_mode & 0777) == 0660);
    const ended second = run({"--listen", "unix:" + path, "--rendezvous", "off"});
    CHECK(second.code == 3);
    CHECK(second.output.find("another program listens there") != std::string::npos);
    first.signal(SIGKILL);
    first.wait_exit();
  }
  REQUIRE(::access(path.c_str(), F_OK) == 0);
  program again(hello({"--listen", "unix:" + path, "--workers", "1", "--rendezvous", "off"}));
  again.wait_ready(1);
  CHECK(connection(path).get("/").status == 200);
  again.signal(SIGTERM);
  CHECK(again.wait_exit().code == 0);
  CHECK(::access(path.c_str(), F_OK) != 0);
}

TEST_CASE("sockets from elsewhere: fd:N and service activation", "[front_door]") {
  foreign_listener socket;
  program_settings by_number = hello({"--listen", "fd:5", "--workers", "2"});
  by_number.descriptors = {{socket.fd, 5}};
  {
    program cluster(by_number);
    cluster.wait_ready(2);
    CHECK(get(socket.port, "/").status == 200);
    cluster.signal(SIGTERM);
    CHECK(cluster.wait_exit().code == 0);
  }
  // LISTEN_PID names the process itself, so a shell puts its own number there and becomes the program.
  program_settings activated{
      "/bin/sh",
      {"-c",
       "LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=web exec \"$0\" --listen systemd:web "
       "--workers 1",
       CLUSTER_TEST_BINARY_DIR "/examples/01_hello_cluster"},
      {},
      {{socket.fd, 3}}};
  program cluster(activated);
  cluster.wait_ready(1);
  CHECK(get(socket.port, "/").status == 200);
  const ended none = run({"--listen", "systemd:"});
  CHECK(none.code == 3);
  CHECK(none.output.find("LISTEN_FDS") != std::string::npos);
}

TEST_CASE("a second supervisor with the same pid file: exit 5 names the first", "[front_door]") {
  scratch_folder folder;
  const std::string file = folder / "app.pid";
  program first(hello({"--listen", "127.0.0.1:0", "--workers", "1", "--pid-file", file}));
  first.wait_ready(1);
  std::ifstream text(file);
  int pid = 0;
  text >> pid;
  CHECK(pid == first.pid());
  const ended second = run({"--listen", "127.0.0.1:0", "--pid-file", file});
  CHECK(second.code == 5);
  CHECK(second.output.find(std::to_string(first.pid())) != std::string::npos);
}

TEST_CASE("TTIN and TTOU: one worker more, one less", "[front_door]") {
  program cluster(hello({"--listen", "127.0.0.1:0", "--workers", "1"}));
  cluster.wait_ready(1);
  load clients(cluster.port(), load::mode::connection_per_request, 2);
  cluster.signal(SIGTTIN);
  cluster.wait_for("scaled to 2 workers");
  clients.wait_for_more(100);
  cluster.signal(SIGTTOU);
  cluster.wait_for("scaled_down: exit code 0");
  cluster.wait_for("scaled to 1 workers");
  clients.wait_for_more(100);
  const load::result seen = clients.finish();
  INFO("first problem: " << seen.first_problem << "\n" << cluster.output());
  CHECK(seen.refused == 0);
  CHECK(seen.failed == 0);
  cluster.signal(SIGTTOU);
  cluster.wait_for("one worker is the least");
  cluster.signal(SIGTERM);
  CHECK(cluster.wait_exit().code == 0);
}

TEST_CASE("workers may be started by a relative path after the directory was changed", "[front_door]") {
  program cluster({"/bin/sh",
                   {"-c", "cd \"$0\" && exec ./01_hello_cluster --listen 127.0.0.1:0 --workers 1",
                    CLUSTER_TEST_BINARY_DIR "/examples"},
                   {},
                   {}});
  cluster.wait_ready(1);
  CHECK(get(cluster.port(), "/").status == 200);
}
