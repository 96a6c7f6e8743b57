// SPDX-License-Identifier: BSL-1.0
#include "common/text.hpp"
#include "ipc/environment.hpp"
#include "os/message_socket.hpp"
#include "os/text_file.hpp"
#include "worker/impl.hpp"

#include <cluster/version.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <memory>
#include <span>

namespace cluster {
namespace {

constexpr std::chrono::seconds patience{10};

[[noreturn]] void fail(error_code ec, const char* what) { throw boost::system::system_error(ec, what); }

int marked_descriptor() {
  const char* text = std::getenv(ipc::channel_variable);
  const auto number = parse_number(text != nullptr ? text : "");
  if (!number || *number > static_cast<std::uint64_t>(std::numeric_limits<int>::max())) return -1;
  const int fd = static_cast<int>(*number);
  return os::is_message_socket(fd) ? fd : -1;
}

// A channel end that only this process has: not passed on to what it starts.
os::unique_fd take_channel() {
  const int fd = marked_descriptor();
  ::unsetenv(ipc::channel_variable);
  if (fd < 0) fail(make_error_code(error::not_a_worker), "worker");
  os::unique_fd socket(fd);
  if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) fail(os::last_error(), "worker");
  return socket;
}

void wait_for(int fd, short what, std::chrono::steady_clock::time_point deadline) {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) fail(make_error_code(error::timed_out), "the supervisor does not answer");
    pollfd ready{fd, what, 0};
    if (::poll(&ready, 1, static_cast<int>(left.count())) > 0) return;
  }
}

worker_id id_from_environment() {
  const char* text = std::getenv("CLUSTER_WORKER_ID");
  return {text ? parse_number(text).value_or(0) : 0};
}

// Gives the descriptors that came along their owners.
void unpack(std::vector<os::unique_fd>& descriptors, handshake_result& out) {
  for (listener& each : out.identity.listeners) each.native_handle = -1;
  const std::size_t listeners = out.identity.listeners.size();
  for (std::size_t i = 0; i < listeners; ++i)
    out.identity.listeners[i].native_handle = descriptors[i].release();
  // Without the board connections are still served, only less evenly; without the page nobody counts.
  std::size_t next = listeners;
  if (out.identity.load_board) static_cast<void>(out.board.attach(std::move(descriptors[next++])));
  if (out.identity.statistics) static_cast<void>(out.page.attach(std::move(descriptors[next++])));
  if (out.identity.tls != 0) out.tls = std::move(descriptors[next++]);
}

void receive_welcome(int socket, std::chrono::steady_clock::time_point deadline, handshake_result& out) {
  // Not on the stack, where the two pages at its ends would stay in use for good.
  const auto storage = std::make_unique_for_overwrite<std::byte[]>(ipc::max_message_size);
  const std::span buffer(storage.get(), ipc::max_message_size);
  for (;;) {
    wait_for(socket, POLLIN, deadline);
    os::received_message received;
    error_code ec = os::receive_message(socket, buffer, received);
    if (ec == boost::asio::error::would_block) continue;
    if (ec) fail(ec, "waiting for the supervisor's welcome");
    ipc::decoded incoming;
    ec = ipc::decode(buffer.first(received.size), incoming);
    if (ec) fail(ec, "the supervisor's welcome");
    auto* welcome = std::get_if<ipc::welcome>(&incoming.what);
    if (!incoming.known || welcome == nullptr) continue;
    if (welcome->protocol != ipc::protocol_version)
      fail(make_error_code(error::protocol_version), "the supervisor's welcome");
    const std::size_t wanted = welcome->listeners.size() + (welcome->load_board ? 1 : 0) +
                               (welcome->statistics ? 1 : 0) + (welcome->tls != 0 ? 1 : 0);
    if (received.truncated || received.descriptors.size() != wanted)
      fail(make_error_code(error::descriptors_lost), "the supervisor's welcome");
    out.identity = std::move(*welcome);
    return unpack(received.descriptors, out);
  }
}

}  // namespace

handshake_result shake_hands() {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  handshake_result result;
  result.socket = take_channel();
  ipc::hello hello;
  hello.worker = id_from_environment();
  hello.library_version = version();
  std::vector<std::byte> data;
  ipc::encode(hello, 0, data);
  error_code ec;
  while ((ec = os::send_message(result.socket.get(), data, {})) == boost::asio::error::would_block ||
         ec == boost::asio::error::no_buffer_space) {
    if (ec == boost::asio::error::no_buffer_space) ::poll(nullptr, 0, 10);
    wait_for(result.socket.get(), POLLOUT, deadline);
  }
  if (ec) fail(ec, "hello to the supervisor");
  receive_welcome(result.socket.get(), deadline, result);
  return result;
}

bool worker::started_by_supervisor() noexcept { return marked_descriptor() >= 0; }

std::vector<std::string> own_arguments() {
  const std::string line = os::read_text_file("/proc/self/cmdline").value_or("");
  std::vector<std::string> own;
  bool found = false;
  for (std::string_view left = line; !left.empty();) {
    const std::string_view argument = left.substr(0, left.find('\0'));
    left.remove_prefix(std::min(argument.size() + 1, left.size()));
    if (found) own.emplace_back(argument);
    else found = argument == "--";
  }
  return own;
}

}  // namespace cluster
