// SPDX-License-Identifier: BSL-1.0
#include "ctl/monit_view.hpp"

#include "ctl/follow.hpp"
#include "ctl/json_view.hpp"
#include "ctl/words.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace cluster::ctl {
namespace {

std::string question(monit_view::wish what, std::uint64_t worker, std::uint64_t target) {
  using wish = monit_view::wish;
  switch (what) {
    case wish::none:
    case wish::quit: break;
    case wish::reload: return "reload all workers?";
    case wish::abort: return "take the reload back?";
    case wish::restart: return "restart worker " + std::to_string(worker) + "?";
    case wish::more: return "scale to " + std::to_string(target + 1) + " workers?";
    case wish::fewer: return "scale to " + std::to_string(target - 1) + " workers?";
    case wish::stop: return "stop the cluster?";
  }
  return {};
}

std::size_t width_of(const screen_line& line) {
  std::size_t sum = 0;
  for (const cell& each : line.pieces) sum += columns_of(each.text);
  return sum;
}

screen_line cut(screen_line line, std::size_t width) {
  std::size_t left = width;
  for (cell& each : line.pieces) {
    each.text = fit(each.text, left);
    left -= columns_of(each.text);
  }
  return line;
}

}  // namespace

void monit_view::take_status(boost::json::value status) {
  status_ = std::move(status);
  lost_.clear();
  target_ = count(status_, "target").value_or(0);
  double rate = 0;
  for (const auto& each : elements(status_, "workers")) rate += number(each, "requests_per_s").value_or(0);
  rates_.push_back(rate);
  if (rates_.size() > history) rates_.pop_front();
  // The chosen worker may be gone; its slot's next one is not chosen by itself.
  const auto& workers = elements(status_, "workers");
  const bool there = std::any_of(workers.begin(), workers.end(),
                                 [this](const auto& each) { return count(each, "id") == chosen_; });
  if (!there) chosen_ = workers.empty() ? 0 : count(workers[0], "id").value_or(0);
}

void monit_view::lose(const std::string& why) { lost_ = why; }

void monit_view::keep(std::deque<screen_line>& where, std::string text, colour paint) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  where.push_back({{{std::move(text), paint}}, false});
  if (where.size() > history) where.pop_front();
}

void monit_view::take_event(const boost::json::value& event) {
  const std::string kind = text(event, "event");
  const bool bad = kind == "rollout_failed" || kind == "launch_failed" || kind == "resting" || kind == "hung";
  const bool good = kind == "slot_replaced" || kind == "rollout_finished";
  keep(events_, event_line(event, false), bad ? colour::bad : good ? colour::good : colour::none);
}

void monit_view::take_log(const boost::json::value& line) {
  keep(logs_, log_text(line, false, false), text(line, "stream") == "err" ? colour::warn : colour::none);
}

void monit_view::move(int by) {
  const auto& workers = elements(status_, "workers");
  if (workers.empty()) return;
  int at = 0;
  for (std::size_t i = 0; i < workers.size(); ++i)
    if (count(workers[i], "id") == chosen_) at = static_cast<int>(i);
  at = std::clamp(at + by, 0, static_cast<int>(workers.size()) - 1);
  chosen_ = count(workers[static_cast<std::size_t>(at)], "id").value_or(0);
}

monit_view::wish monit_view::press(char letter, key special) {
  if (asked_ != wish::none) {
    const wish sure = std::exchange(asked_, wish::none);
    if (letter == 'y' || letter == 'Y' || special == key::enter) return sure;
    message_ = "nothing was done";
    return wish::none;
  }
  message_.clear();
  if (special == key::up || letter == 'k') move(-1);
  else if (special == key::down || letter == 'j') move(+1);
  switch (letter) {
    case 'q': return wish::quit;
    case 'l': show_logs_ = !show_logs_; break;
    case 'r': asked_ = wish::reload; break;
    case 'a': asked_ = wish::abort; break;
    case 'R': asked_ = wish::restart; break;
    case '+': asked_ = wish::more; break;
    case '-':
      if (target_ > 1) asked_ = wish::fewer;
      else message_ = "one worker is the least; s stops the cluster";
      break;
    case 's': asked_ = wish::stop; break;
    default: break;
  }
  return wish::none;
}

std::string monit_view::sparkline(std::size_t width) const {
  static constexpr std::array blocks{"\u2581", "\u2582", "\u2583", "\u2584",
                                     "\u2585", "\u2586", "\u2587", "\u2588"};
  static constexpr std::array letters{"_", ".", "-", "=", "+", "*", "%", "#"};
  const std::size_t count = std::min(width, rates_.size());
  const double most =
      rates_.empty() ? 0 : *std::max_element(rates_.end() - static_cast<std::ptrdiff_t>(count), rates_.end());
  std::string line;
  for (std::size_t i = rates_.size() - count; i < rates_.size(); ++i) {
    const auto level = most <= 0 ? 0 : static_cast<std::size_t>(std::lround(rates_[i] / most * 7.0));
    line += unicode_ ? blocks[std::min<std::size_t>(level, 7)] : letters[std::min<std::size_t>(level, 7)];
  }
  return line;
}

screen_line monit_view::summary(std::size_t width) const {
  screen_line line;
  const auto* totals = member(status_, "totals");
  std::string words = "req/s " + short_count(rates_.empty() ? 0 : rates_.back());
  if (totals != nullptr) {
    words += "  conns " + std::to_string(count(*totals, "connections").value_or(0));
    const auto p50 = number(*totals, "p50_us");
    const auto p99 = number(*totals, "p99_us");
    if (p50 && p99) words += "  p50 " + short_latency(*p50) + "  p99 " + short_latency(*p99);
    words += "  errors " + std::to_string(count(*totals, "errors").value_or(0));
  }
  line.pieces.push_back({words + "  ", colour::none});
  const std::size_t used = columns_of(words) + 2;
  if (width > used) line.pieces.push_back({sparkline(width - used), colour::good});
  return line;
}

screen_line monit_view::bottom(std::size_t width) const {
  if (asked_ != wish::none) return {{{question(asked_, chosen_, target_) + "  y/n", colour::warn}}, false};
  if (!message_.empty()) return {{{fit(harmless(message_), width), colour::warn}}, false};
  return {{{std::string("q quit  ") + (unicode_ ? "\u2191\u2193" : "jk") +
                " choose  r reload  R restart  + - scale  s stop  l " + (show_logs_ ? "events" : "logs"),
            colour::faint}},
          false};
}

std::vector<screen_line> monit_view::draw(std::size_t width, std::size_t height, double now) {
  std::vector<screen_line> screen;
  if (height == 0 || width == 0) return screen;
  look how{width, false, now, {}};
  for (screen_line& each : list_lines(status_, how)) screen.push_back(std::move(each));
  const auto& workers = elements(status_, "workers");
  const std::size_t table = workers.size();  // rows at the end of what is there
  const std::size_t head = screen.size() - table;
  for (std::size_t i = 0; i < table; ++i) screen[head + i].chosen = count(workers[i], "id") == chosen_;
  screen.insert(screen.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(1, screen.size())),
                summary(width));
  if (!lost_.empty()) screen.insert(screen.begin(), screen_line{{{harmless(lost_), colour::bad}}, false});

  // The pane below gets what is left, and a third of the screen when there are many workers.
  const std::size_t pane_least = std::min<std::size_t>(height / 3, 8);
  const std::size_t most_rows = height > pane_least + 1 ? height - pane_least - 1 : 1;
  if (screen.size() > most_rows) {
    const std::size_t hidden = screen.size() - most_rows + 1;
    screen.resize(most_rows - 1);
    screen.push_back({{{"... " + std::to_string(hidden) + " more workers", colour::faint}}, false});
  }
  const auto& pane = show_logs_ ? logs_ : events_;
  if (screen.size() + 2 < height) {
    const bool captured =
        member(status_, "captures_output") != nullptr && status_.at("captures_output") == true;
    std::string title = show_logs_ ? captured ? "logs" : "logs (not captured: --logs capture)" : "events";
    screen.push_back({{{std::string(unicode_ ? "\u2500\u2500 " : "-- ") + title, colour::faint}}, false});
    const std::size_t room = height - screen.size() - 1;
    const std::size_t shown = std::min(room, pane.size());
    screen.insert(screen.end(), pane.end() - static_cast<std::ptrdiff_t>(shown), pane.end());
  }
  while (screen.size() + 1 < height) screen.emplace_back();
  screen.resize(height - 1);
  screen.push_back(bottom(width));
  for (screen_line& each : screen)
    if (width_of(each) > width) each = cut(std::move(each), width);
  return screen;
}

}  // namespace cluster::ctl
