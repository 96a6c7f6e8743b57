// SPDX-License-Identifier: BSL-1.0
#include <cluster/control_client.hpp>

#include "common/text.hpp"
#include "wire/chars.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

namespace cluster {
namespace {

using clock = std::chrono::steady_clock;

error_code last_error() { return {errno, boost::system::system_category()}; }

clock::time_point until(std::chrono::milliseconds limit) {
  return limit.count() == 0 ? clock::time_point::max() : clock::now() + limit;
}

error_code wait(int fd, short what, clock::time_point deadline) {
  for (;;) {
    int limit = -1;
    if (deadline != clock::time_point::max()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now()).count();
      limit = static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
    }
    pollfd one{fd, what, 0};
    const int ready = ::poll(&one, 1, limit);
    if (ready > 0) return {};
    if (ready == 0) return make_error_code(error::timed_out);
    if (errno != EINTR) return last_error();
  }
}

std::string_view field(std::string_view head, std::string_view lower_name) {
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(std::min(head.size(), line.size() + 2));
    const auto colon = line.find(':');
    if (colon != line.npos && wire::equals_lower(line.substr(0, colon), lower_name))
      return wire::trim(line.substr(colon + 1));
  }
  return {};
}

constexpr std::size_t most_head = 16 * 1024;

}  // namespace

control_client::control_client(std::string path) : path_(std::move(path)) {}
control_client::~control_client() { close(); }

void control_client::close() noexcept {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  buffer_.clear();
}

// A path longer than the kernel's structure goes through its folder's descriptor.
error_code control_client::connect() {
  close();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::string name = path_;
  int folder = -1;
  if (name.size() >= sizeof address.sun_path) {
    const auto slash = name.rfind('/');
    if (slash == name.npos) return {ENAMETOOLONG, boost::system::system_category()};
    folder = ::open(name.substr(0, slash).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return last_error();
    name = "/proc/self/fd/" + std::to_string(folder) + name.substr(slash);
  }
  error_code ec;
  if (name.size() >= sizeof address.sun_path) {
    ec = {ENAMETOOLONG, boost::system::system_category()};
  } else {
    std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
    fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + 1);
    if (fd_ < 0 || ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), length) != 0)
      ec = last_error();
  }
  if (folder >= 0) ::close(folder);
  if (ec) close();
  return ec;
}

error_code control_client::send(std::string_view text, time_limit until) {
  while (!text.empty()) {
    const auto sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      text.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      if (const error_code ec = wait(fd_, POLLOUT, until)) return ec;
    } else if (errno != EINTR) {
      return last_error();
    }
  }
  return {};
}

error_code control_client::fill(time_limit until) {
  char piece[16 * 1024];
  for (;;) {
    const auto got = ::recv(fd_, piece, sizeof piece, MSG_DONTWAIT);
    if (got > 0) {
      buffer_.append(piece, static_cast<std::size_t>(got));
      return {};
    }
    if (got == 0) return make_error_code(error::channel_closed);
    if (errno != EAGAIN && errno != EINTR) return last_error();
    if (const error_code ec = wait(fd_, POLLIN, until)) return ec;
  }
}

error_code control_client::start(std::string_view method, std::string_view target, std::string_view body,
                                 time_limit until) {
  std::string text;
  text.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: localhost\r\n");
  if (!body.empty() || method != "GET")
    text.append("Content-Type: application/json\r\nContent-Length: ").append(std::to_string(body.size()));
  if (!body.empty() || method != "GET") text += "\r\n";
  text.append("\r\n").append(body);
  // A connection kept from before may have been closed at the other end; it has done nothing then.
  if (fd_ >= 0 && buffer_.empty()) {
    char one = 0;
    const auto seen = ::recv(fd_, &one, 1, MSG_PEEK | MSG_DONTWAIT);
    if (seen < 0 && errno == EAGAIN && !send(text, until)) return {};
  }
  if (const error_code ec = connect()) return ec;
  return send(text, until);
}

error_code control_client::head(control_reply& out, long long& length, time_limit until) {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == buffer_.npos) {
    if (buffer_.size() > most_head) return make_error_code(error::message_too_large);
    if (const error_code ec = fill(until)) return ec;
  }
  const std::string_view text = std::string_view(buffer_).substr(0, end);
  if (!text.starts_with("HTTP/1.1 ") || text.size() < 12) return make_error_code(error::protocol_error);
  const auto status = parse_number(text.substr(9, 3));
  if (!status || *status < 200) return make_error_code(error::protocol_error);
  out.status = static_cast<int>(*status);
  out.content_type = field(text, "content-type");
  const std::string_view said = field(text, "content-length");
  const auto number = parse_number(said);
  length = number ? static_cast<long long>(*number) : -1;
  if (number && *number > most_bytes) return make_error_code(error::message_too_large);
  buffer_.erase(0, end + 4);
  return {};
}

error_code control_client::request(std::string_view method, std::string_view target, std::string_view body,
                                   control_reply& out, std::chrono::milliseconds limit) {
  out = {};
  const time_limit deadline = until(limit);
  long long length = -1;
  error_code ec = start(method, target, body, deadline);
  if (!ec) ec = head(out, length, deadline);
  while (!ec && (length < 0 || buffer_.size() < static_cast<std::size_t>(length))) {
    if (buffer_.size() > most_bytes) ec = make_error_code(error::message_too_large);
    else ec = fill(deadline);
    if (length < 0 && ec == make_error_code(error::channel_closed)) {  // the end is the end of the content
      out.body = std::move(buffer_);
      close();
      return {};
    }
  }
  if (ec) {
    close();
    return ec;
  }
  out.body = buffer_.substr(0, static_cast<std::size_t>(length));
  buffer_.erase(0, static_cast<std::size_t>(length));
  return {};
}

error_code control_client::open_stream(std::string_view target, control_reply& out,
                                       std::chrono::milliseconds limit) {
  out = {};
  const time_limit deadline = until(limit);
  long long length = -1;
  error_code ec = start("GET", target, {}, deadline);
  if (!ec) ec = head(out, length, deadline);
  if (!ec && length < 0) return {};
  while (!ec && buffer_.size() < static_cast<std::size_t>(length)) ec = fill(deadline);
  out.body = std::move(buffer_);
  close();
  return ec;
}

error_code control_client::read(std::string& out, std::chrono::milliseconds limit) {
  if (fd_ < 0) return make_error_code(error::channel_closed);
  if (buffer_.empty())
    if (const error_code ec = fill(clock::now() + limit)) return ec;
  out += buffer_;
  buffer_.clear();
  return {};
}

}  // namespace cluster
