// SPDX-License-Identifier: BSL-1.0
#include "support/http_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cctype>
#include <cstring>
#include <stdexcept>

namespace cluster::test {
namespace {

using clock = std::chrono::steady_clock;

bool wait(int fd, short what, clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now());
  pollfd one{fd, what, 0};
  return left.count() > 0 && ::poll(&one, 1, static_cast<int>(left.count())) == 1;
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace

std::string answer::field(const std::string& name) const {
  const std::string all = lower(head);
  const auto at = all.find("\r\n" + lower(name) + ":");
  if (at == std::string::npos) return {};
  const auto start = head.find_first_not_of(' ', at + name.size() + 3);
  return head.substr(start, head.find("\r\n", start) - start);
}

connection::connection(std::uint16_t port) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return;
  problem_ = std::string("connect: ") + std::strerror(errno);
  ::close(fd_);
  fd_ = -1;
}

connection::connection(const std::string& unix_path) {
  fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::strncpy(to.sun_path, unix_path.c_str(), sizeof to.sun_path - 1);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return;
  problem_ = std::string("connect: ") + std::strerror(errno);
  ::close(fd_);
  fd_ = -1;
}

connection::~connection() {
  if (fd_ >= 0) ::close(fd_);
}

bool connection::send(const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t n = ::send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n < 0) {
      problem_ = std::string("send: ") + std::strerror(errno);
      return false;
    }
    sent += static_cast<std::size_t>(n);
  }
  return true;
}

bool connection::fill(clock::time_point deadline) {
  char piece[65536];
  if (!wait(fd_, POLLIN, deadline)) {
    problem_ = "no answer in time";
    return false;
  }
  const ssize_t n = ::recv(fd_, piece, sizeof piece, 0);
  if (n <= 0) {
    problem_ = n == 0 ? "closed" : std::string("recv: ") + std::strerror(errno);
    return false;
  }
  buffer_.append(piece, static_cast<std::size_t>(n));
  return true;
}

answer connection::receive(std::chrono::milliseconds limit) {
  const auto deadline = clock::now() + limit;
  answer result;
  std::size_t end;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
    if (!fill(deadline)) {
      result.problem = problem_;
      return result;
    }
  result.head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  if (result.field("Transfer-Encoding") == "chunked") {
    if (!receive_chunks(deadline, result.body)) {
      result.problem = problem_;
      return result;
    }
    result.status = std::stoi(result.head.substr(9, 3));
    return result;
  }
  const std::string length = result.field("Content-Length");
  const std::size_t size = length.empty() ? 0 : std::stoull(length);
  while (buffer_.size() < size)
    if (!fill(deadline)) {
      result.problem = problem_;
      return result;
    }
  result.body = buffer_.substr(0, size);
  buffer_.erase(0, size);
  result.status = std::stoi(result.head.substr(9, 3));
  return result;
}

bool connection::receive_chunks(clock::time_point deadline, std::string& content) {
  for (;;) {
    std::size_t line;
    while ((line = buffer_.find("\r\n")) == std::string::npos)
      if (!fill(deadline)) return false;
    const std::size_t size = std::stoull(buffer_, nullptr, 16);
    while (buffer_.size() < line + 2 + size + 2)
      if (!fill(deadline)) return false;
    content += buffer_.substr(line + 2, size);
    buffer_.erase(0, line + 2 + size + 2);
    if (size == 0) return true;
  }
}

answer connection::get(const std::string& path, std::chrono::milliseconds limit) {
  if (!open() || !send("GET " + path + " HTTP/1.1\r\nHost: test\r\n\r\n")) return {0, {}, {}, problem_};
  return receive(limit);
}

std::string connection::read_until(const std::string& text, std::chrono::milliseconds limit) {
  const auto deadline = clock::now() + limit;
  std::size_t at;
  while ((at = buffer_.find(text)) == std::string::npos)
    if (!fill(deadline)) throw std::runtime_error("no '" + text + "': " + problem_ + " after\n" + buffer_);
  std::string result = buffer_.substr(0, at + text.size());
  buffer_.erase(0, at + text.size());
  return result;
}

bool connection::closed_by_server(std::chrono::milliseconds limit) {
  return !fill(clock::now() + limit) && problem_ == "closed" && buffer_.empty();
}

answer get(std::uint16_t port, const std::string& path) { return connection(port).get(path); }

load::load(std::uint16_t port, mode how, unsigned clients, std::string path)
    : port_(port), path_(std::move(path)) {
  for (unsigned i = 0; i < clients; ++i) threads_.emplace_back([this, how] { run(how); });
}

void load::run(mode how) {
  while (!stop_) {
    connection one(port_);
    if (!one.open()) {
      ++refused_;
      note(one.problem());
      continue;
    }
    do {
      const answer got = one.get(path_);
      if (got.status != 200) {
        ++failed_;
        note(got.problem.empty() ? got.head : got.problem);
        break;
      }
      ++answered_;
      if (got.field("Connection") == "close") break;
    } while (how == mode::keep_alive && !stop_);
  }
}

void load::note(const std::string& problem) {
  if (!noted_.test_and_set()) first_problem_ = problem;
}

void load::wait_for_more(std::uint64_t count) const {
  const std::uint64_t goal = answered_ + count;
  const auto deadline = clock::now() + patience;
  for (std::uint64_t now; (now = answered_) < goal;) {
    if (clock::now() > deadline) throw std::runtime_error("the load stands still");
    ::poll(nullptr, 0, 1);  // only paces the look, the count decides
  }
}

load::result load::finish() {
  stop_ = true;
  for (std::thread& each : threads_)
    if (each.joinable()) each.join();
  return {answered_, refused_, failed_, first_problem_};
}

}  // namespace cluster::test
