// SPDX-License-Identifier: BSL-1.0
#include "ctl/list.hpp"

#include "ctl/json_view.hpp"
#include "ctl/nearest.hpp"
#include "ctl/words.hpp"

#include <algorithm>

namespace cluster::ctl {
namespace {

std::string whole(const boost::json::value& of, std::string_view name) {
  const auto found = count(of, name);
  return found ? std::to_string(*found) : std::string();
}

colour paint_of(std::string_view state) {
  if (state == "ready" || state == "running") return colour::good;
  if (state == "starting") return colour::busy;
  if (state == "draining" || state == "stopping" || state == "paused") return colour::warn;
  return colour::bad;
}

std::string state_of(const boost::json::value& worker) {
  if (const auto* paused = member(worker, "paused"); paused != nullptr && *paused == true) return "paused";
  const auto* hung = member(worker, "hung");
  return hung != nullptr && *hung == true ? "hung" : text(worker, "state");
}

bool unexpected(const boost::json::value& exit) {
  const std::string reason = text(exit, "reason");
  return reason == "crashed" || reason == "signalled" || reason == "hung" || reason == "failed_to_start" ||
         reason == "orphaned";
}

std::string ago(const boost::json::value& exit, double now) {
  const double seconds = seconds_since(text(exit, "at"), now);
  return seconds < 0 ? std::string() : short_time(seconds) + " ago";
}

// What ended because somebody wanted it to is known by its reason; what did not, by how it died.
cell last_exit(const boost::json::value& worker, double now) {
  const auto* exit = member(worker, "last_exit");
  if (exit == nullptr) return {};
  const bool bad = unexpected(*exit);
  std::string words = bad ? exit_words(*exit) : text(*exit, "reason");
  std::replace(words.begin(), words.end(), '_', ' ');
  const std::string when = ago(*exit, now);
  return {harmless(words) + (when.empty() ? "" : ", " + when), bad ? colour::bad : colour::faint};
}

std::vector<cell> row(const boost::json::value& worker, double now) {
  const std::string state = state_of(worker);
  const auto cpu = number(worker, "cpu_percent");
  const auto busy = number(worker, "busy_percent");
  const auto rate = number(worker, "requests_per_s");
  const auto p99 = number(worker, "p99_us");
  const auto rss = count(worker, "rss_bytes");
  const auto pss = count(worker, "pss_bytes");
  return {{whole(worker, "slot"), colour::strong},
          {whole(worker, "id")},
          {whole(worker, "pid")},
          {whole(worker, "generation")},
          {harmless(state), paint_of(state)},
          {short_time(number(worker, "uptime_s").value_or(0))},
          {rate ? short_count(*rate) : ""},
          {whole(worker, "connections")},
          {p99 ? short_latency(*p99) : ""},
          {whole(worker, "requests")},
          {whole(worker, "errors") == "0" ? "" : whole(worker, "errors"), colour::bad},
          {busy ? short_percent(*busy) : ""},
          {cpu ? short_percent(*cpu) : ""},
          {rss ? short_size(*rss) : ""},
          {pss ? short_size(*pss) : ""},
          {whole(worker, "restarts")},
          last_exit(worker, now)};
}

std::vector<screen_line> header(const boost::json::value& status, const look& how) {
  const auto ready = count(status, "ready").value_or(0);
  const auto target = count(status, "target").value_or(0);
  screen_line line;
  std::size_t used = 0;
  const auto add = [&](const std::string& what, colour paint = colour::none) {
    const std::size_t space = line.pieces.empty() ? 0 : 2;
    if (what.empty() || used + space + columns_of(what) > how.width) return;
    if (space != 0) line.pieces.push_back({"  "});
    line.pieces.push_back({what, paint});
    used += space + columns_of(what);
  };
  add(harmless(text(status, "name")), colour::strong);
  add("pid " + whole(status, "pid"));
  add(std::to_string(ready) + "/" + std::to_string(target) + " ready", ready >= target ? colour::good
                                                                       : ready == 0    ? colour::bad
                                                                                       : colour::warn);
  std::size_t paused = 0;
  for (const auto& each : elements(status, "workers")) paused += state_of(each) == "paused" ? 1U : 0U;
  if (paused != 0) add(std::to_string(paused) + " paused", colour::warn);
  if (const auto* bounds = member(status, "scaling"); bounds != nullptr && bounds->is_object())
    add("scales " + whole(*bounds, "min") + "-" + whole(*bounds, "max"));
  const std::string state = harmless(text(status, "state"));
  if (state != "running") add(state, paint_of(state));
  add("up " + short_time(number(status, "uptime_s").value_or(0)));
  add("gen " + whole(status, "generation"));
  for (const auto& each : elements(status, "listeners")) add(harmless(text(each, "uri")));
  if (const std::string schedule = harmless(text(status, "schedule")); schedule != "shared") add(schedule);
  std::vector<screen_line> lines{std::move(line)};
  const auto* rollout = member(status, "rollout");
  if (rollout == nullptr) return lines;
  const auto* back = member(*rollout, "going_back");
  lines.push_back({{{"reload " + whole(*rollout, "id") + ": " + whole(*rollout, "slots_done") + " of " +
                         whole(*rollout, "slots_total") + " slots" +
                         (back != nullptr && *back == true ? ", going back" : ""),
                     colour::warn}},
                   false});
  return lines;
}

}  // namespace

const std::vector<column>& list_columns() {
  static const std::vector<column> all{
      {"slot", "SLOT", 0, true, false},       {"id", "ID", 100, true, false},
      {"pid", "PID", 0, true, false},         {"gen", "GEN", 75, true, false},
      {"state", "STATE", 0, false, false},    {"up", "UP", 0, true, false},
      {"rps", "REQ/S", 60, true, false},      {"conns", "CONNS", 70, true, false},
      {"p99", "P99", 90, true, false},        {"requests", "REQUESTS", 130, true, false},
      {"errors", "ERRORS", 130, true, false}, {"busy", "BUSY", 110, true, false},
      {"cpu", "CPU", 50, true, false},        {"mem", "MEM", 50, true, false},
      {"pss", "PSS", 150, true, false},       {"restarts", "RESTARTS", 80, true, false},
      {"exit", "LAST EXIT", 80, false, true},
  };
  return all;
}

std::string wrong_column(const std::vector<std::string>& chosen) {
  std::vector<std::string> names;
  for (const column& each : list_columns()) names.emplace_back(each.name);
  for (const std::string& each : chosen) {
    if (std::find(names.begin(), names.end(), each) != names.end()) continue;
    std::string line = "--columns: '" + each + "' is not a column";
    if (const auto meant = nearest(each, names); !meant.empty())
      return line + "; did you mean '" + meant + "'?";
    line += ";";
    for (const std::string& name : names) line += " " + name;
    return line;
  }
  return {};
}

std::string exit_words(const boost::json::value& exit) {
  std::string words = text(exit, "status");
  // "signal 11 (SIGSEGV)" says twice what the name says once.
  const auto open = words.find(" (SIG");
  const auto close = words.find(')', open == words.npos ? 0 : open);
  if (words.starts_with("signal ") && open != words.npos && close != words.npos)
    words = words.substr(open + 2, close - open - 2) + words.substr(close + 1);
  const std::string reason = text(exit, "reason");
  if (reason == "failed_to_start") return "failed to start, " + words;
  if (reason == "hung") return "hung, " + words;
  return words;
}

std::vector<screen_line> list_lines(const boost::json::value& status, const look& how) {
  std::vector<std::vector<cell>> rows;
  for (const auto& worker : elements(status, "workers")) rows.push_back(row(worker, how.now));
  std::vector<screen_line> lines = header(status, how);
  if (rows.empty()) {
    lines.push_back({{{"no worker is running"}}, false});
    return lines;
  }
  for (screen_line& each : lay_out(list_columns(), rows, how.width, how.columns))
    lines.push_back(std::move(each));
  return lines;
}

std::string list_text(const boost::json::value& status, const look& how) {
  return printed(list_lines(status, how), how.colours);
}

std::string describe_text(const boost::json::value& status, std::uint64_t id, const look& how) {
  const auto& workers = elements(status, "workers");
  const auto found = std::find_if(workers.begin(), workers.end(),
                                  [id](const boost::json::value& each) { return count(each, "id") == id; });
  if (found == workers.end()) return {};
  const boost::json::value& worker = *found;
  std::string result;
  const auto line = [&](const std::string& name, const std::string& what, colour paint = colour::none) {
    if (what.empty()) return;
    result += painted(name + std::string(name.size() < 12 ? 12 - name.size() : 1, ' '), colour::faint,
                      how.colours) +
              painted(harmless(what), paint, how.colours) + "\n";
  };
  const std::string state = state_of(worker);
  const auto cpu = number(worker, "cpu_percent");
  const auto rss = count(worker, "rss_bytes");
  const auto pss = count(worker, "pss_bytes");
  line("worker", whole(worker, "id") + " of " + text(status, "name"), colour::strong);
  line("state", state, paint_of(state));
  line("slot", whole(worker, "slot"));
  line("pid", whole(worker, "pid"));
  line("generation", whole(worker, "generation"));
  line("executable", text(status, "executable"));
  line("up", short_time(number(worker, "uptime_s").value_or(0)));
  const auto rate = number(worker, "requests_per_s");
  const auto p50 = number(worker, "p50_us");
  const auto p99 = number(worker, "p99_us");
  const auto busy = number(worker, "busy_percent");
  line("connections", whole(worker, "connections") + " open, " + whole(worker, "accepted") + " taken");
  line("requests", whole(worker, "requests") + (rate ? ", " + short_count(*rate) + " a second" : "") + ", " +
                       whole(worker, "errors") + " server errors");
  line("latency",
       p50 && p99 ? "half within " + short_latency(*p50) + ", 99 % within " + short_latency(*p99) : "");
  line("busy", busy ? short_percent(*busy) + " of its event loop's time" : "");
  line("cpu", cpu ? short_percent(*cpu) + " of one CPU" : "");
  line("memory",
       rss ? short_size(*rss) + " resident" + (pss ? ", " + short_size(*pss) + " its share" : "") : "");
  for (const auto& each : elements(status, "listeners")) line("listener", text(each, "uri"));
  line("schedule", text(status, "schedule"));
  line("restarts", whole(worker, "restarts") + " of its slot");
  for (const auto& exit : elements(worker, "exits"))
    line("exit",
         "worker " + whole(exit, "worker") + ", pid " + whole(exit, "pid") + ": " + text(exit, "reason") +
             ", " + text(exit, "status") + ", " + ago(exit, how.now),
         unexpected(exit) ? colour::bad : colour::none);
  return result;
}

}  // namespace cluster::ctl
