// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

namespace cluster::test {

/// A response as it was on the wire.
struct reply {
  unsigned status = 0;  // 0: none came
  std::string head;     // with the empty line
  std::string body;

  bool has(std::string_view text) const { return head.find(text) != std::string::npos; }
};

/// A blocking client that sends raw octets. Reads give up after ten seconds.
class client {
 public:
  explicit client(unsigned short port, int receive_buffer = 0)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer != 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) close();
    set_up();
  }
  struct adopt_tag {};
  client(adopt_tag, int fd) : fd_(fd) { set_up(); }
  client(client&& other) noexcept : fd_(std::exchange(other.fd_, -1)), read_(std::move(other.read_)) {}
  client& operator=(client&&) = delete;
  ~client() { close(); }

  bool send(std::string_view octets) {
    while (!octets.empty()) {
      const ssize_t n = ::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      octets.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  /// Octet by octet, a segment each.
  void send_slowly(std::string_view octets) {
    for (const char c : octets) send({&c, 1});
  }

  /// The next response; interim ones count. `head_only` for answers to HEAD.
  reply read(bool head_only = false) {
    reply out;
    std::size_t empty_line;
    while ((empty_line = read_.find("\r\n\r\n")) == std::string::npos)
      if (!more()) return out;
    out.head = read_.substr(0, empty_line + 4);
    read_.erase(0, empty_line + 4);
    out.status = static_cast<unsigned>(std::atoi(out.head.c_str() + 9));
    const std::size_t at = out.head.find("Content-Length: ");
    if (head_only || out.status == 101 || at == std::string::npos) return out;
    const auto length = static_cast<std::size_t>(std::atoll(out.head.c_str() + at + 16));
    while (read_.size() < length)
      if (!more()) return {};
    out.body = read_.substr(0, length);
    read_.erase(0, length);
    return out;
  }

  bool read_octets(std::string& out, std::size_t size) {
    while (read_.size() < size)
      if (!more()) return false;
    out = read_.substr(0, size);
    read_.erase(0, size);
    return true;
  }
  /// The next chunk of content; empty for the last one. False if the connection ended instead.
  bool read_chunk(std::string& content) {
    std::size_t line;
    while ((line = read_.find("\r\n")) == std::string::npos)
      if (!more()) return false;
    const std::size_t size = std::strtoul(read_.c_str(), nullptr, 16);
    while (read_.size() < line + 2 + size + 2)
      if (!more()) return false;
    content = read_.substr(line + 2, size);
    read_.erase(0, line + 2 + size + 2);
    return true;
  }
  /// All of them together.
  std::string read_chunks() {
    std::string all;
    std::string piece;
    while (read_chunk(piece) && !piece.empty()) all += piece;
    return all;
  }
  /// Everything up to the end of the connection.
  std::string read_rest() {
    while (more()) {}
    return std::exchange(read_, {});
  }

  reply ask(std::string_view request) {
    send(request);
    return read();
  }

  enum class end { eof, reset, still_open, more_octets };
  /// What comes after everything that was read: waits for it.
  end finish() {
    if (!read_.empty()) return end::more_octets;
    char c;
    const ssize_t n = ::recv(fd_, &c, 1, 0);
    if (n == 0) return end::eof;
    if (n > 0) return end::more_octets;
    return errno == ECONNRESET ? end::reset : end::still_open;
  }
  bool closed() { return finish() == end::eof; }

  void receive_buffer(int size) { ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &size, sizeof size); }
  void end_sending() { ::shutdown(fd_, SHUT_WR); }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  /// Closes with a reset.
  void abort() {
    const linger now{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }
  int fd() const { return fd_; }

 private:
  void set_up() {
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const timeval limit{10, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }

  bool more() {
    char buffer[65536];
    const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
    if (n <= 0) return false;
    read_.append(buffer, static_cast<std::size_t>(n));
    return true;
  }

  int fd_;
  std::string read_;
};

inline std::string get(std::string_view target, std::string_view fields = {}) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}

inline std::string post(std::string_view target, std::string_view content) {
  return "POST " + std::string(target) +
         " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(content.size()) + "\r\n\r\n" +
         std::string(content);
}

}  // namespace cluster::test
