// SPDX-License-Identifier: BSL-1.0
#include "ctl/monit_view.hpp"
#include "ctl/words.hpp"

#include "support/catch.hpp"
#include "support/text.hpp"

#include <boost/json.hpp>

#include <string>
#include <vector>

using namespace cluster::ctl;
using cluster::test::contains;
using wish = monit_view::wish;
using key = monit_view::key;

namespace {

boost::json::value status(std::size_t workers, double rate = 100) {
  boost::json::array all;
  for (std::size_t i = 0; i < workers; ++i)
    all.push_back({{"id", i + 1},
                   {"slot", i},
                   {"pid", 5000 + i},
                   {"generation", 1},
                   {"state", "ready"},
                   {"uptime_s", 61},
                   {"restarts", 0},
                   {"connections", 7},
                   {"requests_per_s", rate}});
  return {{"name", "api"},
          {"pid", 4711},
          {"state", "running"},
          {"uptime_s", 61},
          {"generation", 1},
          {"ready", workers},
          {"target", workers},
          {"captures_output", true},
          {"workers", std::move(all)},
          {"totals", {{"connections", 7 * workers}, {"errors", 3}, {"p50_us", 320}, {"p99_us", 3100}}}};
}

std::string text_of(const screen_line& line) {
  std::string text;
  for (const cell& each : line.pieces) text += each.text;
  return text;
}

std::string screen(monit_view& view, std::size_t width, std::size_t height) {
  std::string all;
  for (const screen_line& each : view.draw(width, height, 0)) all += text_of(each) + "\n";
  return all;
}

std::string chosen_line(monit_view& view) {
  for (const screen_line& each : view.draw(80, 24, 0))
    if (each.chosen) return text_of(each);
  return {};
}

}  // namespace

TEST_CASE("the screen has exactly its size, whatever there is to show", "[monit]") {
  for (const std::size_t workers : {0u, 1u, 4u, 100u})
    for (const std::size_t width : {1u, 20u, 60u, 80u, 200u})
      for (const std::size_t height : {1u, 2u, 3u, 5u, 10u, 24u, 60u}) {
        INFO(workers << " workers, " << width << " by " << height);
        monit_view view(true);
        for (int i = 0; i < 3; ++i) view.take_status(status(workers, i));
        for (int i = 0; i < 70; ++i) view.take_event({{"event", "ready"}, {"text", std::string(300, 'x')}});
        const auto lines = view.draw(width, height, 0);
        CHECK(lines.size() == height);
        for (const screen_line& each : lines) CHECK(columns_of(text_of(each)) <= width);
      }
}

TEST_CASE("what it keeps is bounded", "[monit]") {
  monit_view view(true);
  view.take_status(status(1));
  for (int i = 0; i < 1000; ++i)
    view.take_event({{"event", "ready"}, {"text", "number " + std::to_string(i)}});
  const std::string all = screen(view, 100, 2000);
  CHECK(contains(all, "number 999"));
  CHECK(contains(all, "number 700\n"));
  CHECK_FALSE(contains(all, "number 699\n"));
}

TEST_CASE("at 80 by 24 there are workers, traffic, history and what happened", "[monit]") {
  monit_view view(true);
  view.take_status(status(4, 0));
  view.take_status(status(4, 100));
  view.take_event(
      {{"at", "2023-11-14T22:10:30.123Z"}, {"event", "ready"}, {"text", "worker 1 in slot 0 is ready"}});
  const std::string seen = screen(view, 80, 24);
  CHECK(contains(seen, "api  pid 4711  4/4 ready"));
  CHECK(contains(seen, "req/s 400  conns 28  p50 320us  p99 3.1ms  errors 3  \u2581\u2588"));
  CHECK(contains(seen, "\u2500\u2500 events"));
  CHECK(contains(seen, "worker 1 in slot 0 is ready"));
  CHECK(contains(seen, "q quit"));
  monit_view plain(false);
  plain.take_status(status(4, 100));
  for (const char c : screen(plain, 80, 24)) CHECK(static_cast<unsigned char>(c) < 128);
}

TEST_CASE("keys choose a worker, and the choice stays with it", "[monit]") {
  monit_view view(true);
  view.take_status(status(3));
  CHECK(view.chosen_worker() == 1);
  CHECK(view.press('\0', key::down) == wish::none);
  CHECK(view.press('j') == wish::none);
  CHECK(view.press('j') == wish::none);  // the last one is the last one
  CHECK(view.chosen_worker() == 3);
  view.press('\0', key::up);
  CHECK(view.chosen_worker() == 2);
  CHECK(contains(chosen_line(view), "5001"));
  view.take_status(status(3));
  CHECK(view.chosen_worker() == 2);
  view.take_status(status(1));
  CHECK(view.chosen_worker() == 1);
  view.take_status(status(0));
  CHECK(view.chosen_worker() == 0);
}

TEST_CASE("whatever changes something is asked for first", "[monit]") {
  monit_view view(true);
  view.take_status(status(2));
  const std::pair<char, wish> keys[] = {{'r', wish::reload}, {'a', wish::abort}, {'R', wish::restart},
                                        {'+', wish::more},   {'-', wish::fewer}, {'s', wish::stop}};
  for (const auto& [letter, wanted] : keys) {
    INFO(letter);
    CHECK(view.press(letter) == wish::none);
    CHECK(contains(screen(view, 80, 24), "?  y/n"));
    CHECK(view.press('n') == wish::none);
    CHECK(contains(screen(view, 80, 24), "nothing was done"));
    view.press(letter);
    CHECK(view.press('q') == wish::none);  // another key is no consent, and no quit either
    view.press(letter);
    CHECK(view.press('y') == wanted);
    view.press(letter);
    CHECK(view.press('\n', key::enter) == wanted);
  }
  CHECK(view.press('q') == wish::quit);
  view.take_status(status(1));
  CHECK(view.press('-') == wish::none);
  CHECK(contains(screen(view, 80, 24), "one worker is the least"));
}

TEST_CASE("l changes between events and logs", "[monit]") {
  monit_view view(true);
  view.take_status(status(1));
  view.take_log(
      {{"at", "2023-11-14T22:10:30.123Z"}, {"slot", 0}, {"stream", "out"}, {"text", "a line of a worker"}});
  CHECK_FALSE(contains(screen(view, 80, 24), "a line of a worker"));
  view.press('l');
  CHECK(contains(screen(view, 80, 24), "  0| a line of a worker"));
  view.press('l');
  CHECK(contains(screen(view, 80, 24), "events"));
}

TEST_CASE("a cluster that does not answer is said so, and forgotten when it does again", "[monit]") {
  monit_view view(true);
  view.lose("the cluster does not answer");
  CHECK(contains(screen(view, 80, 24), "the cluster does not answer"));
  view.take_status(status(1));
  CHECK_FALSE(contains(screen(view, 80, 24), "does not answer"));
}

TEST_CASE("more workers than rows leave room for what happened", "[monit]") {
  monit_view view(true);
  view.take_status(status(100));
  view.take_event({{"event", "ready"}, {"text", "something"}});
  const std::string seen = screen(view, 80, 24);
  CHECK(contains(seen, "more workers"));
  CHECK(contains(seen, "something"));
}
