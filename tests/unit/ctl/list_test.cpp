// SPDX-License-Identifier: BSL-1.0
#include "ctl/list.hpp"
#include "ctl/follow.hpp"
#include "ctl/verbs.hpp"
#include "ctl/words.hpp"

#include "support/catch.hpp"
#include "support/text.hpp"

#include <boost/json.hpp>

#include <sstream>
#include <string>
#include <vector>

using namespace cluster::ctl;
using cluster::test::contains;

namespace {

constexpr double noon = 1'700'000'400;  // 2023-11-14T22:20:00Z

boost::json::value sample() {
  return boost::json::parse(R"({
    "name":"api","pid":4711,"state":"running","uptime_s":11520.5,"generation":7,"ready":2,"target":3,
    "executable":"/srv/api","listeners":[{"name":"tcp-0","uri":"tcp://0.0.0.0:8080"}],"rollout":null,
    "workers":[
      {"id":9,"slot":0,"pid":4831,"generation":7,"state":"ready","uptime_s":122,"restarts":0,
       "connections":61,"accepted":900,"requests":250000,"errors":0,"requests_per_s":2140.4,"p50_us":320,"p99_us":3100,
       "busy_percent":38.5,"cpu_percent":41.2,"rss_bytes":19083264,"last_exit":null,"exits":[]},
      {"id":8,"slot":1,"pid":4702,"generation":6,"state":"draining","uptime_s":11519,"restarts":3,
       "cpu_percent":0.4,"rss_bytes":18874368,
       "last_exit":{"worker":4,"pid":4600,"generation":6,"reason":"signalled","exit_code":null,"signal":11,
                    "core":true,"status":"signal 11 (SIGSEGV), core dumped","at":"2023-11-14T22:10:30.000Z"},
       "exits":[{"worker":4,"pid":4600,"generation":6,"reason":"signalled","exit_code":null,"signal":11,
                 "core":true,"status":"signal 11 (SIGSEGV), core dumped","at":"2023-11-14T22:10:30.000Z"}]},
      {"id":11,"slot":2,"pid":4834,"generation":7,"state":"ready","uptime_s":3,"restarts":1,
       "last_exit":{"worker":7,"pid":1,"generation":6,"reason":"scaled_down","exit_code":0,"signal":null,
                    "core":false,"status":"exit code 0","at":"2023-11-14T22:19:56.000Z"},"exits":[]}]})");
}

look plain(std::size_t width) { return {width, false, noon, {}}; }

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> all;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) all.push_back(line);
  return all;
}

}  // namespace

TEST_CASE("list at 80 columns has what an operator needs") {
  const auto seen = lines(list_text(sample(), plain(80)));
  const std::vector<std::string> wanted{
      "api  pid 4711  2/3 ready  up 3h12m  gen 7  tcp://0.0.0.0:8080",
      "SLOT   PID  GEN  STATE        UP  REQ/S  CONNS   CPU    MEM  RESTARTS  LAST EXIT",
      "   0  4831    7  ready     2m02s   2.1k     61   41%  18.2M         0  ",
      "   1  4702    6  draining  3h11m                0.4%  18.0M         3  SIGSEGV,\u2026",
      "   2  4834    7  ready        3s                                    1  scaled d\u2026"};
  CHECK(seen == wanted);
}

TEST_CASE("no layout is wider than its terminal, and each has the columns that matter there") {
  for (const std::size_t width : {40u, 60u, 80u, 100u, 120u, 200u}) {
    INFO(width);
    for (const std::string& line : lines(list_text(sample(), plain(width)))) CHECK(columns_of(line) <= width);
  }
  CHECK(lines(list_text(sample(), plain(60)))[1] == "SLOT   PID  STATE        UP  REQ/S   CPU    MEM");
  CHECK(contains(list_text(sample(), plain(120)), "ID   PID"));
  CHECK(contains(list_text(sample(), plain(120)), "SIGSEGV, core dumped, 9m30s ago"));
}

TEST_CASE("chosen columns are shown, in that order, and a wrong one is named") {
  look how = plain(200);
  how.columns = {"pid", "slot"};
  CHECK(lines(list_text(sample(), how))[1] == " PID  SLOT");
  CHECK(wrong_column({"pid", "slot"}).empty());
  CHECK(contains(wrong_column({"slto"}), "'slto' is not a column; did you mean 'slot'?"));
}

TEST_CASE("colours come only where they are wanted") {
  CHECK_FALSE(contains(list_text(sample(), plain(120)), "\x1b"));
  look how = plain(120);
  how.colours = true;
  const std::string text = list_text(sample(), how);
  CHECK(contains(text, "\x1b[32mready\x1b[0m"));
  CHECK(contains(text, "\x1b[33mdraining\x1b[0m"));
  CHECK(contains(text, "\x1b[31mSIGSEGV"));
}

TEST_CASE("an answer with less in it than expected is shown as it is") {
  CHECK_FALSE(list_text(boost::json::parse("{}"), plain(80)).empty());
  CHECK_FALSE(list_text(boost::json::value(), plain(80)).empty());
  CHECK_FALSE(
      list_text(boost::json::parse(R"({"workers":[{},{"slot":"x","last_exit":7}]})"), plain(80)).empty());
}

TEST_CASE("what a worker said cannot drive the terminal") {
  auto status = sample();
  status.as_object()["name"] = "a\x1b[2Jb\n";
  CHECK_FALSE(contains(list_text(status, plain(80)), "\x1b"));
  CHECK(harmless("a\tb\r\n\x1b") == "a b???");
}

TEST_CASE("describe tells all of one worker, and nothing of one that is not there") {
  const std::string text = describe_text(sample(), 8, plain(80));
  for (const char* part :
       {"worker      8 of api", "state       draining", "slot        1", "pid         4702",
        "executable  /srv/api", "listener    tcp://0.0.0.0:8080",
        "exit        worker 4, pid 4600: signalled, signal 11 (SIGSEGV), core dumped, 9m30s ago"}) {
    INFO(part);
    CHECK(contains(text, part));
  }
  CHECK(describe_text(sample(), 99, plain(80)).empty());
}

TEST_CASE("times and sizes are short and say two units where that helps") {
  CHECK(short_time(0.4) == "0s");
  CHECK(short_time(59.9) == "59s");
  CHECK(short_time(121) == "2m01s");
  CHECK(short_time(11520) == "3h12m");
  CHECK(short_time(86400 * 12 + 3600 * 4) == "12d4h");
  CHECK(short_time(86400 * 340.0) == "340d");
  CHECK(short_size(812) == "812B");
  CHECK(short_size(1023) == "1.0K");
  CHECK(short_size(19083264) == "18.2M");
  CHECK(short_size(500ULL * 1024 * 1024) == "500M");
  CHECK(short_size(1536ULL * 1024 * 1024) == "1.5G");
  CHECK(short_count(0) == "0");
  CHECK(short_count(4.24) == "4.2");
  CHECK(short_count(812) == "812");
  CHECK(short_count(18249) == "18.2k");
  CHECK(short_count(2.1e6) == "2.1M");
  CHECK(short_latency(85) == "85us");
  CHECK(short_latency(3200) == "3.2ms");
  CHECK(short_latency(45000) == "45ms");
  CHECK(short_latency(1.5e6) == "1.5s");
  CHECK(short_percent(0) == "0%");
  CHECK(short_percent(0.42) == "0.4%");
  CHECK(short_percent(41.2) == "41%");
  CHECK(short_percent(399.7) == "400%");
  CHECK(seconds_since("2023-11-14T22:19:56.500Z", noon) == Approx(3.5));
  CHECK(seconds_since("yesterday", noon) < 0);
  CHECK(fit("\u00e4\u00f6\u00fc\u00df", 3) == "\u00e4\u00f6\u2026");
  CHECK(fit("abc", 3) == "abc");
}

TEST_CASE("a number of workers may be given from where one is") {
  std::uint64_t wanted = 99;
  const auto of = [&](const std::string& text, std::uint64_t now) {
    return workers_wanted(text, now, wanted) ? static_cast<long>(wanted) : -1L;
  };
  CHECK(of("4", 2) == 4);
  CHECK(of("+1", 2) == 3);
  CHECK(of("-1", 2) == 1);
  CHECK(of("-5", 2) == 0);  // refused later, with a sentence
  for (const char* text : {"", "+", "-", "x", "1x", "+-1", "9999", " 1"}) {
    INFO(text);
    CHECK(of(text, 2) == -1);
  }
}

TEST_CASE("bounds are two numbers, the lower one first") {
  std::uint64_t least = 0;
  std::uint64_t most = 0;
  REQUIRE(bounds_wanted("2-8", least, most));
  CHECK(least == 2);
  CHECK(most == 8);
  CHECK(bounds_wanted("3-3", least, most));
  for (const char* text :
       {"", "-", "2", "-2", "+2-3", "2-", "-2-3", "8-2", "0-2", "2-1025", "2--3", "2-+3", "2-3-4"}) {
    INFO(text);
    CHECK_FALSE(bounds_wanted(text, least, most));
  }
}

TEST_CASE("a paused worker is shown as one, and bounds of the number of workers beside it") {
  boost::json::value status = sample();
  status.at("workers").at(0).as_object()["paused"] = true;
  status.as_object()["scaling"] = {{"min", 2}, {"max", 6}};
  const auto seen = lines(list_text(status, plain(80)));
  CHECK(contains(seen[0], "2/3 ready  1 paused  scales 2-6  up "));
  CHECK(contains(seen[2], "  paused "));
  CHECK(contains(describe_text(status, 9, plain(80)), "state       paused\n"));
}

TEST_CASE("a stream of events may come in any pieces") {
  const std::string stream =
      ": cluster events\n\nid: a:1\nevent: ready\ndata: {\"event\":\"ready\",\"worker\":1}\n\n"
      "event: lost\ndata: {\"event\":\"lost\",\"missed\":5}\n\ndata: broken\n\n"
      "id: a:9\nevent: exited\ndata: {\"event\":\"exited\",\"worker\":2,\"reason\":\"crashed\"}\n\n";
  for (std::size_t piece = 1; piece <= stream.size(); piece += 7) {
    event_reader reader;
    std::vector<std::string> kinds;
    for (std::size_t at = 0; at < stream.size(); at += piece)
      reader.feed(stream.substr(at, piece), [&](const boost::json::value& event) {
        kinds.emplace_back(event.at("event").as_string());
        return true;
      });
    CHECK(kinds == std::vector<std::string>{"ready", "lost", "exited"});
  }
  event_reader reader;
  int count = 0;
  CHECK_FALSE(reader.feed(stream, [&](const boost::json::value&) { return ++count < 2; }));
  CHECK(count == 2);
}

TEST_CASE("an event is one line") {
  const auto event = boost::json::parse(
      R"({"sequence":4,"at":"2023-11-14T22:10:30.123Z","event":"exited","worker":4,"slot":1,"pid":77,
          "reason":"crashed","text":"worker 4 in slot 1:\nexit code 3"})");
  CHECK(event_line(event, false) ==
        "22:10:30.123  exited            worker 4 in slot 1:?exit code 3 (pid 77) [crashed]\n");
}

TEST_CASE("a line of a worker shows when, which slot and which stream") {
  const auto line = boost::json::parse(
      R"({"sequence":1,"at":"2023-11-14T22:10:30.123Z","worker":4,"slot":1,"pid":7,"stream":"err","text":"oh\u001b[2J"})");
  CHECK(log_text(line, false, false) == "22:10:30.123  1! oh?[2J\n");
  CHECK(log_text(line, true, false) == "oh?[2J\n");
  logs_options what;
  constexpr double now = noon - 569.877 + 5;  // five seconds later
  CHECK(log_wanted(line, what, now));
  what.grep = "oh";
  CHECK(log_wanted(line, what, now));
  what.since_seconds = 4;
  CHECK_FALSE(log_wanted(line, what, now));
  what.since_seconds = 6;
  CHECK(log_wanted(line, what, now));
  what.grep = "ah";
  CHECK_FALSE(log_wanted(line, what, now));
  CHECK(log_wanted(boost::json::parse(R"({"missed":7})"), what, now));
  CHECK(log_text(boost::json::parse(R"({"missed":7})"), false, false) == "... 7 lines were missed\n");
}

TEST_CASE("only what was given of a reload's options is sent") {
  reload_verb_options what;
  CHECK(reload_body(what).empty());
  what.max_surge = "2";
  what.pause = "500ms";
  what.no_rollback = true;
  CHECK(boost::json::parse(reload_body(what)) ==
        boost::json::parse(R"({"max_surge":2,"pause":"500ms","rollback":false})"));
  what.max_surge = "two";
  CHECK(boost::json::parse(reload_body(what)).at("max_surge") == "two");  // the cluster refuses it by name
}
