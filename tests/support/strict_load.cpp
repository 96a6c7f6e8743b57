// SPDX-License-Identifier: BSL-1.0
#include "support/strict_load.hpp"

#include <poll.h>

#include <algorithm>
#include <optional>
#include <stdexcept>

namespace cluster::test {
namespace {

void rest(std::mt19937_64& random, int most) {
  ::poll(nullptr, 0, static_cast<int>(random() % static_cast<unsigned>(most + 1)));
}

std::string echo(const std::string& content) {
  return "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(content.size()) +
         "\r\n\r\n" + content;
}

}  // namespace

struct strict_load::client {
  explicit client(std::uint64_t seed) : random(seed) {}

  std::mt19937_64 random;
  std::optional<connection> line;
  std::uint64_t answers = 0;  ///< on this connection
};

strict_load::strict_load(std::uint16_t port, std::uint64_t seed,
                         std::vector<std::pair<manner, unsigned>> clients, asking how_asked)
    : port_(port), asking_(how_asked) {
  for (const auto& [how, count] : clients)
    for (unsigned i = 0; i < count; ++i) threads_.emplace_back([this, how, own = ++seed] { run(how, own); });
}

std::string strict_load::question(const std::string& number) const {
  return asking_ == asking::content ? echo(number) : "GET /say/" + number + " HTTP/1.1\r\nHost: test\r\n\r\n";
}

void strict_load::blame(std::uint64_t result::*what, const std::string& why) {
  const std::lock_guard lock(mutex_);
  if (++(result_.*what); result_.first.empty()) result_.first = why;
}

// False ends the connection: it is of no use any more, or its end was announced.
bool strict_load::check(client& one, const answer& got, const std::string& wanted) {
  if (got.status == 0) {
    const bool fresh = one.answers == 0;
    const std::string why = got.problem + (fresh ? ", on a fresh connection" : ", on a used one");
    if (!got.head.empty()) blame(&result::truncated, why);
    else if (got.problem == "closed") blame(fresh ? &result::end_on_fresh : &result::end_on_reused, why);
    else if (got.problem == "no answer in time") blame(&result::silent, why);
    else blame(&result::reset, why);
    return false;
  }
  ++one.answers;
  if (got.status != 200 || (!wanted.empty() && got.body != wanted)) {
    blame(&result::wrong, "status " + std::to_string(got.status) + ", wanted '" + wanted.substr(0, 40) +
                              "', got '" + got.body.substr(0, 40) + "'");
    return false;
  }
  ++answered_;
  if (got.field("Connection") != "close") return true;
  const std::lock_guard lock(mutex_);
  ++result_.announced;
  return false;
}

bool strict_load::round(client& one, manner how) {
  connection& line = *one.line;
  const auto next = [&] { return std::to_string(++numbers_); };
  switch (how) {
    case manner::busy:
    case manner::single:
    case manner::paced:
    case manner::holder: {
      if (how == manner::paced) rest(one.random, 6);
      if (how == manner::holder) rest(one.random, 200);
      const std::string number = next();
      if (!line.send(question(number))) return check(one, {0, {}, {}, line.problem()}, {});
      return check(one, line.receive(), number);
    }
    case manner::pipelined: {
      std::vector<std::string> numbers(1 + one.random() % 16);
      std::string all;
      for (std::string& each : numbers) all += question(each = next());
      const std::size_t split = one.random() % all.size();
      if (!line.send(all.substr(0, split))) return check(one, {0, {}, {}, line.problem()}, {});
      if (one.random() % 2 == 0) rest(one.random, 2);
      if (!line.send(all.substr(split))) return check(one, {0, {}, {}, line.problem()}, {});
      for (const std::string& each : numbers)
        if (!check(one, line.receive(), each)) return false;
      return true;
    }
    case manner::posting: {
      const std::string content = next() + std::string(one.random() % 60'000, 'p');
      if (!line.send(echo(content))) return check(one, {0, {}, {}, line.problem()}, {});
      return check(one, line.receive(), content);
    }
    case manner::slow: {
      if (!line.send("GET /ms/" + std::to_string(one.random() % 40) + " HTTP/1.1\r\nHost: test\r\n\r\n"))
        return check(one, {0, {}, {}, line.problem()}, {});
      return check(one, line.receive(), "waited\n");
    }
    case manner::trickling: {
      const std::string content = next() + std::string(200, 't');
      const std::string all = echo(content);
      for (std::size_t at = 0; at < all.size(); at += 40) {
        if (!line.send(all.substr(at, 40))) return check(one, {0, {}, {}, line.problem()}, {});
        rest(one.random, 3);
      }
      return check(one, line.receive(), content);
    }
  }
  return false;
}

void strict_load::run(manner how, std::uint64_t seed) {
  client one(seed);
  while (!stop_) {
    if (!one.line) {
      one.line.emplace(port_);
      one.answers = 0;
      if (!one.line->open()) {
        blame(&result::refused, one.line->problem());
        one.line.reset();
        continue;
      }
      const std::lock_guard lock(mutex_);
      ++result_.connections;
    }
    if (!round(one, how) || how == manner::single) one.line.reset();
  }
}

void strict_load::wait_for_more(std::uint64_t count) const {
  const std::uint64_t goal = answered_ + count;
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (answered_ < goal) {
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("the load stands still");
    ::poll(nullptr, 0, 1);  // only paces the look, the count decides
  }
}

strict_load::result strict_load::finish() {
  stop_ = true;
  for (std::thread& each : threads_)
    if (each.joinable()) each.join();
  result_.answered = answered_;
  return result_;
}

std::string strict_load::result::words() const {
  const auto part = [](const char* name, std::uint64_t count) {
    return ", " + std::to_string(count) + " " + name;
  };
  return std::to_string(answered) + " answered" + part("connections", connections) +
         part("refused", refused) + part("reset", reset) + part("closed when fresh", end_on_fresh) +
         part("closed when used", end_on_reused) + part("truncated", truncated) + part("silent", silent) +
         part("wrong", wrong) + part("announced closes", announced) +
         (first.empty() ? "" : "; first: " + first);
}

}  // namespace cluster::test
