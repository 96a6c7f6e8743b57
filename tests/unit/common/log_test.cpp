// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <cluster/log.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <regex>
#include <string>
#include <utility>
#include <vector>

using namespace cluster;
using namespace std::string_literals;

namespace {

/// stderr as a packet pipe for a scope: each write comes out by itself.
class captured_stderr {
 public:
  captured_stderr() {
    REQUIRE(::pipe2(pipe_, O_DIRECT | O_NONBLOCK | O_CLOEXEC) == 0);
    saved_ = ::dup(STDERR_FILENO);
    REQUIRE(::dup2(pipe_[1], STDERR_FILENO) == STDERR_FILENO);
  }
  captured_stderr(const captured_stderr&) = delete;
  captured_stderr& operator=(const captured_stderr&) = delete;
  ~captured_stderr() {
    ::dup2(saved_, STDERR_FILENO);
    for (const int fd : {saved_, pipe_[0], pipe_[1]}) ::close(fd);
  }

  std::vector<std::string> writes() const {
    std::vector<std::string> all;
    for (;;) {
      char buffer[4096];
      const ssize_t length = ::read(pipe_[0], buffer, sizeof buffer);
      if (length <= 0) return all;
      all.emplace_back(buffer, static_cast<std::size_t>(length));
    }
  }

 private:
  int pipe_[2]{};
  int saved_ = -1;
};

std::vector<std::string> written_by(const logger& log, log_level at, std::string_view message) {
  const captured_stderr capture;
  log(at, message);
  return capture.writes();
}

constexpr log_level levels[] = {log_level::debug, log_level::info, log_level::warning, log_level::error};

}  // namespace

TEST_CASE("a logger drops lines below its level") {
  for (const log_level threshold : levels) {
    std::vector<std::pair<log_level, std::string>> seen;
    logger log;
    log.level = threshold;
    log.sink = [&](log_level at, std::string_view text) { seen.emplace_back(at, text); };
    for (const log_level at : levels) log(at, to_string(at));
    INFO("threshold: " << to_string(threshold));
    REQUIRE(seen.size() == 4 - static_cast<std::size_t>(threshold));
    CHECK(seen.front().first == threshold);
    for (const auto& [at, text] : seen) CHECK(text == to_string(at));
  }
}

TEST_CASE("a logger that is off says nothing at all") {
  int calls = 0;
  logger log;
  log.level = log_level::off;
  log.sink = [&](log_level, std::string_view) { ++calls; };
  for (const log_level at : levels) log(at, "not wanted");
  log(log_level::off, "not wanted either");
  CHECK(calls == 0);
}

TEST_CASE("a sink gets the bare message and stderr gets nothing") {
  std::string seen;
  logger log;
  log.format = log_format::json;
  log.sink = [&](log_level, std::string_view text) { seen = text; };
  CHECK(written_by(log, log_level::info, "two\nlines \x1B").empty());
  CHECK(seen == "two\nlines \x1B");
}

TEST_CASE("a text line is one write with time, level, pid and message") {
  const auto lines = written_by({}, log_level::warning, "slot 3 rests");
  REQUIRE(lines.size() == 1);
  const std::regex form(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z warning \[(\d+)\] slot 3 rests\n)");
  std::smatch parts;
  INFO("line: " << lines[0]);
  REQUIRE(std::regex_match(lines[0], parts, form));
  CHECK(parts[1] == std::to_string(::getpid()));
}

TEST_CASE("a message cannot forge a second text line") {
  const auto lines = written_by({}, log_level::error, "harmless\n2024-01-01T00:00:00.000Z info [1] no");
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find('\n') == lines[0].size() - 1);
  CHECK(lines[0].find("harmless\\x0a2024") != std::string::npos);
}

TEST_CASE("a JSON line is one object with time, level, pid and message") {
  logger log;
  log.format = log_format::json;
  const auto lines = written_by(log, log_level::error, "say \"no\"\n\xFF\x1B"s);
  REQUIRE(lines.size() == 1);
  INFO("line: " << lines[0]);
  REQUIRE(lines[0].find('\n') == lines[0].size() - 1);
  boost::system::error_code ec;
  const boost::json::value value = boost::json::parse(lines[0], ec);
  REQUIRE_FALSE(ec);
  const auto& object = value.as_object();
  CHECK(object.size() == 4);
  CHECK(object.at("level").as_string() == "error");
  CHECK(object.at("pid").as_int64() == ::getpid());
  CHECK(object.at("message").as_string() == "say \"no\"\n\xEF\xBF\xBD\x1B");
  CHECK(std::regex_match(std::string(object.at("time").as_string()),
                         std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)")));
}

TEST_CASE("a logger lives on when nobody can read stderr") {
  const captured_stderr capture;
  ::close(STDERR_FILENO);
  logger log;
  log(log_level::error, "into nothing");
  CHECK(capture.writes().empty());
}

TEST_CASE("the journal gets the level in its own way, and nothing that it knows already") {
  const captured_stderr capture;
  struct stat now {};
  REQUIRE(::fstat(STDERR_FILENO, &now) == 0);
  const std::string stream = std::to_string(now.st_dev) + ":" + std::to_string(now.st_ino);
  logger log;
  log.level = log_level::debug;
  ::setenv("JOURNAL_STREAM", stream.c_str(), 1);
  log(log_level::error, "bad");
  log(log_level::warning, "odd");
  log(log_level::info, "two\nlines");
  log(log_level::debug, "small");
  log.format = log_format::json;
  log(log_level::info, "object");
  // A service's own pipe or file, further down: the variable is inherited and means another stream.
  log.format = log_format::text;
  for (const std::string& other : {stream + "0", std::string("8:"), std::string("x"), std::string()}) {
    ::setenv("JOURNAL_STREAM", other.c_str(), 1);
    log(log_level::info, "elsewhere");
  }
  ::unsetenv("JOURNAL_STREAM");
  const auto all = capture.writes();
  REQUIRE(all.size() == 9);
  CHECK(all[0] == "<3>bad\n");
  CHECK(all[1] == "<4>odd\n");
  CHECK(all[2].starts_with("<6>two"));
  CHECK(std::count(all[2].begin(), all[2].end(), '\n') == 1);
  CHECK(all[3] == "<7>small\n");
  CHECK(all[4].starts_with("{"));
  for (std::size_t i = 5; i < all.size(); ++i) CHECK(all[i].find(" info [") != std::string::npos);
}
