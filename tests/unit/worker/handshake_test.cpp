// SPDX-License-Identifier: BSL-1.0
#include "os/launch.hpp"
#include "os/sealed_file.hpp"
#include "support/role.hpp"
#include "unit/worker/supervised.hpp"
#include "worker/impl.hpp"

#include <cluster/version.hpp>

#include <boost/system/system_error.hpp>

#include <sys/wait.h>

#include <filesystem>

using namespace cluster;
using namespace cluster::test;

namespace {

/// The error that a worker object ends with when it is made; none if it could be made.
error_code refusal() {
  boost::asio::io_context context;
  try {
    const worker self(context);
  } catch (const boost::system::system_error& problem) {
    CHECK(std::string(problem.what()).size() > 5);
    return problem.code();
  }
  return {};
}

int print_own_arguments(int, char**) {
  std::string all;
  for (const std::string& each : own_arguments()) all += "<" + each + ">";
  return all == std::getenv("EXPECTED_ARGUMENTS") ? 0 : 1;
}
const role as_arguments{"own-arguments", print_own_arguments};

int exit_code_with(std::vector<std::string> arguments, const std::string& expected) {
  os::launch_plan plan;
  plan.executable = std::filesystem::read_symlink("/proc/self/exe").string();
  plan.arguments = {plan.executable, "--role", "own-arguments"};
  plan.arguments.insert(plan.arguments.end(), arguments.begin(), arguments.end());
  plan.environment = {"EXPECTED_ARGUMENTS=" + expected};
  os::launched_process process;
  REQUIRE_FALSE(os::launch(plan, process));
  int status = -1;
  REQUIRE(::waitpid(process.pid, &status, 0) == process.pid);
  return WEXITSTATUS(status);
}

}  // namespace

TEST_CASE("a worker says hello with its number, protocol and version") {
  const environment_guard id("CLUSTER_WORKER_ID", "17");
  marked_channel channel;
  REQUIRE_FALSE(channel.say(quiet_welcome()));
  const handshake_result result = shake_hands();
  CHECK(result.socket.get() == channel.pair.other.release());
  const auto hello = channel.hear_a<ipc::hello>();
  CHECK(hello.worker == worker_id{17});
  CHECK(hello.protocol == ipc::protocol_version);
  CHECK(hello.library_version == version());
  CHECK(result.identity.worker == worker_id{17});
  CHECK(result.identity.name == "shop");
  CHECK_FALSE(result.board);
}

TEST_CASE("a worker's number that makes no sense is none") {
  const environment_guard id("CLUSTER_WORKER_ID", "seventeen");
  marked_channel channel;
  REQUIRE_FALSE(channel.say(quiet_welcome()));
  const handshake_result result = shake_hands();
  static_cast<void>(channel.pair.other.release());
  CHECK(channel.hear_a<ipc::hello>().worker == worker_id{});
}

TEST_CASE("the marker and the channel do not get to what a worker starts") {
  marked_channel channel;
  REQUIRE(::fcntl(channel.pair.other.get(), F_SETFD, 0) == 0);  // as it is after exec
  CHECK(worker::started_by_supervisor());
  REQUIRE_FALSE(channel.say(quiet_welcome()));
  const handshake_result result = shake_hands();
  static_cast<void>(channel.pair.other.release());
  CHECK(std::getenv(ipc::channel_variable) == nullptr);
  CHECK_FALSE(worker::started_by_supervisor());
  CHECK((::fcntl(result.socket.get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("listeners and the load board come with the welcome") {
  const std::size_t before = descriptor_count();
  {
    marked_channel channel;
    os::load_board board;
    REQUIRE_FALSE(board.create());
    ipc::welcome welcome = full_welcome(3);
    welcome.load_board = true;
    welcome.tls = 0;
    const os::unique_fd file = null_device();
    const std::vector<int> numbers{file.get(), file.get(), file.get(), board.fd()};
    REQUIRE_FALSE(os::send_message(channel.supervisor(), encoded(welcome, 4), numbers));
    handshake_result result = shake_hands();
    static_cast<void>(channel.pair.other.release());
    REQUIRE(result.identity.listeners.size() == 3);
    for (const listener& each : result.identity.listeners) {
      CHECK((::fcntl(each.native_handle, F_GETFD) & FD_CLOEXEC) != 0);
      ::close(each.native_handle);
    }
    CHECK(result.board);
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("something else in the place of the load board costs the board and nothing more") {
  const std::size_t before = descriptor_count();
  {
    marked_channel channel;
    ipc::welcome welcome = quiet_welcome();
    welcome.load_board = true;
    REQUIRE_FALSE(channel.say(welcome, 1));
    const handshake_result result = shake_hands();
    static_cast<void>(channel.pair.other.release());
    CHECK_FALSE(result.board);
    CHECK(result.identity.worker == worker_id{17});
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("what TLS needs comes with the welcome, and again when it changes") {
  supervised_by_hand it;
  os::unique_fd file;
  REQUIRE_FALSE(os::make_sealed_file("first", file));
  ipc::welcome welcome = quiet_welcome();
  welcome.tls = 5;
  REQUIRE_FALSE(os::send_message(it.channel.supervisor(), encoded(welcome, 1), std::vector<int>{file.get()}));
  it.begin();
  CHECK(it.self->tls_material() == "first");
  int changes = 0;
  it.self->on_tls_change([&] { ++changes; });
  const auto tell = [&](std::string_view content, std::uint64_t size) {
    REQUIRE_FALSE(os::make_sealed_file(content, file));
    REQUIRE_FALSE(os::send_message(it.channel.supervisor(), encoded(ipc::tls_material{size}, 1),
                                   std::vector<int>{file.get()}));
    it.run();
  };
  tell("second one", 10);
  CHECK(it.self->tls_material() == "second one");
  CHECK(changes == 1);
  tell("third", 6);  // another size than it says: what was there stays
  CHECK(it.self->tls_material() == "second one");
  CHECK(changes == 1);
}

TEST_CASE("a process that no supervisor started is no worker") {
  const os::unique_fd file = null_device();
  const std::string not_a_socket = std::to_string(file.get());
  for (const char* marker :
       {"", "abc", "-1", "3x", "99999999999999999999", "1000000", not_a_socket.c_str()}) {
    const environment_guard guard(ipc::channel_variable, marker);
    INFO("marker: " << marker);
    CHECK_FALSE(worker::started_by_supervisor());
    CHECK(refusal() == error::not_a_worker);
    CHECK(std::getenv(ipc::channel_variable) == nullptr);
  }
  const environment_guard none(ipc::channel_variable, nullptr);
  CHECK_FALSE(worker::started_by_supervisor());
  CHECK(refusal() == error::not_a_worker);
  CHECK(::fcntl(file.get(), F_GETFD) >= 0);  // what was named by mistake is left alone
}

TEST_CASE("a handshake that fails says why and leaks nothing") {
  const std::size_t before = descriptor_count();
  {
    marked_channel channel;
    error_code expected;
    SECTION("the supervisor is gone") {
      channel.pair.one.reset();
      expected = error::channel_closed;
    }
    SECTION("another protocol") {
      ipc::welcome welcome = full_welcome(2);
      welcome.load_board = false;
      welcome.tls = 0;
      welcome.protocol = ipc::protocol_version + 1;
      REQUIRE_FALSE(channel.say(welcome, 2));
      expected = error::protocol_version;
    }
    SECTION("another framing") {
      octets data = encoded(quiet_welcome());
      data[2] = std::byte{7};
      REQUIRE_FALSE(os::send_message(channel.supervisor(), data, {}));
      expected = error::protocol_version;
    }
    SECTION("fewer listeners than announced") {
      ipc::welcome welcome = full_welcome(3);
      welcome.load_board = false;
      welcome.tls = 0;
      REQUIRE_FALSE(channel.say(welcome, 2));
      expected = error::descriptors_lost;
    }
    SECTION("more descriptors than announced") {
      REQUIRE_FALSE(channel.say(quiet_welcome(), 2));
      expected = error::descriptors_lost;
    }
    SECTION("the load board is missing") {
      ipc::welcome welcome = quiet_welcome();
      welcome.load_board = true;
      REQUIRE_FALSE(channel.say(welcome, 0));
      expected = error::descriptors_lost;
    }
    SECTION("garbage") {
      REQUIRE_FALSE(os::send_message(channel.supervisor(), bytes("hello?"), {}));
      expected = error::protocol_error;
    }
    CHECK(refusal() == expected);
    static_cast<void>(channel.pair.other.release());  // was closed by the failed worker
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("what comes before the welcome is passed over") {
  marked_channel channel;
  octets unknown = encoded(ipc::ready{});
  unknown[4] = std::byte{0xEE};
  REQUIRE_FALSE(os::send_message(channel.supervisor(), unknown, {}));
  REQUIRE_FALSE(channel.say(ipc::draining{}));
  REQUIRE_FALSE(channel.say(quiet_welcome()));
  CHECK(shake_hands().identity.name == "shop");
  static_cast<void>(channel.pair.other.release());
}

TEST_CASE("a program's own arguments are those after the first --") {
  CHECK(exit_code_with({}, "") == 0);
  CHECK(exit_code_with({"--workers", "4"}, "") == 0);
  CHECK(exit_code_with({"--workers", "4", "--", "a", "", "--", "b c"}, "<a><><--><b c>") == 0);
  CHECK(exit_code_with({"--"}, "") == 0);
}
