// SPDX-License-Identifier: BSL-1.0
#include "policy/kept_state.hpp"

#include "common/text.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <set>
#include <utility>

namespace cluster::policy {
namespace {

constexpr std::string_view first_line = "cluster-state 1";
constexpr std::string_view last_line = "end";
constexpr std::size_t most_slots = 4096;
constexpr std::size_t most_workers = 8192;
constexpr std::size_t most_routes = 1024;
constexpr std::size_t most_listeners = 4096;
constexpr std::size_t most_leaving = 1024;

void append(std::string& text, std::string_view key, std::initializer_list<std::uint64_t> numbers) {
  text += key;
  for (const std::uint64_t each : numbers) text += " " + std::to_string(each);
  text += '\n';
}

/// The numbers of a line, which must be exactly so many.
template <std::size_t Count>
bool take(std::string_view line, std::array<std::uint64_t, Count>& out) {
  for (std::size_t i = 0; i < Count; ++i) {
    const std::size_t end = std::min(line.find(' '), line.size());
    const auto number = parse_number(line.substr(0, end));
    if (!number || (i + 1 == Count) != (end == line.size())) return false;
    out[i] = *number;
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return true;
}

/// Seven numbers and the name, which may have spaces.
bool read_route(std::string_view rest, kept_state& into) {
  std::size_t name = 0;
  for (int i = 0; i < 7; ++i) {
    name = rest.find(' ', name);
    if (name++ == rest.npos) return false;
  }
  std::array<std::uint64_t, 7> n{};
  if (!take(rest.substr(0, name - 1), n) || n[6] >> 62 != 0 || into.routes.size() == most_routes)
    return false;
  route_traffic& one = into.routes.emplace_back();
  one.answers = {n[0], n[1], n[2], n[3], n[4]};
  one.timed = n[5];
  one.time = std::chrono::nanoseconds(static_cast<std::int64_t>(n[6]));
  one.route = rest.substr(name);
  return true;
}

// "tls proxy inherited number length-of-name name uri": names and URIs may hold blanks.
bool read_listener(std::string_view rest, kept_state& into) {
  std::array<std::uint64_t, 5> n{};
  std::size_t at = 0;
  for (std::size_t fields = 0; fields < n.size() && at != rest.npos; ++fields)
    at = rest.find(' ', at + (fields == 0 ? 0 : 1));
  if (at == rest.npos || !take(rest.substr(0, at), n) || n[0] > 1 || n[1] > 1 || n[2] > 1) return false;
  rest.remove_prefix(at + 1);
  const std::uint64_t length = n[4];
  if (length >= rest.size() || rest[length] != ' ' || into.listeners.size() == most_listeners) return false;
  into.listeners.push_back({std::string(rest.substr(0, length)), std::string(rest.substr(length + 1)),
                            n[0] != 0, n[1] != 0, n[2] != 0, n[3]});
  return true;
}

bool read_line(std::string_view key, std::string_view rest, kept_state& into) {
  if (key == "name") {
    into.name = rest;
  } else if (key == "listen") {
    into.listen.emplace_back(rest);
  } else if (key == "listener") {
    return read_listener(rest, into);
  } else if (key == "schedule") {
    for (const schedule each : {schedule::shared, schedule::round_robin, schedule::reuse_port})
      if (to_string(each) == rest) into.schedule = each;
  } else if (key == "ids") {
    std::array<std::uint64_t, 7> n{};
    if (!take(rest, n) || n[3] > most_slots) return false;
    into.last_worker = {n[0]};
    into.generation = {n[1]};
    into.newest = {n[2]};
    into.target = static_cast<std::size_t>(n[3]);
    into.rolling = n[4] != 0;
    into.sequence = n[5];
    into.configured = n[6];
  } else if (key == "past") {
    std::array<std::uint64_t, 6> n{};
    if (!take(rest, n) || n[5] >> 62 != 0) return false;
    into.past = {0, n[0], n[1], n[2], n[3], n[4], std::chrono::nanoseconds(static_cast<std::int64_t>(n[5]))};
  } else if (key == "route") {
    return read_route(rest, into);
  } else if (key == "scaling") {
    std::array<std::uint64_t, 3> n{};
    if (!take(rest, n) || n[0] > n[1] || n[1] > 1024 || (n[0] == 0) != (n[1] == 0)) return false;
    into.scaling = {static_cast<std::size_t>(n[0]), static_cast<std::size_t>(n[1])};
    into.configured_most = n[2];
  } else if (key == "slot") {
    std::array<std::uint64_t, 2> n{};
    if (!take(rest, n) || into.slots.size() == most_slots) return false;
    into.slots.push_back({n[0], n[1]});
  } else if (key == "last-listener") {
    std::array<std::uint64_t, 1> n{};
    if (!take(rest, n)) return false;
    into.last_listener = n[0];
  } else if (key == "leaving") {
    std::array<std::uint64_t, 1> n{};
    if (!take(rest, n) || into.leaving.size() == most_leaving) return false;
    into.leaving.push_back(n[0]);
  } else if (key == "supervisor") {
    std::array<std::uint64_t, 2> n{};
    if (!take(rest, n)) return false;
    into.supervisor = n[0];
    into.supervisor_start = n[1];
  } else if (key == "worker") {
    std::array<std::uint64_t, 5> n{};
    if (!take(rest, n) || into.workers.size() == most_workers) return false;
    into.workers.push_back({{n[0]}, {n[1]}, {n[2]}, n[3], n[4]});
  } else if (key == "sent-away") {
    std::array<std::uint64_t, 2> n{};
    if (!take(rest, n) || n[1] == 0 || n[1] >> 62 != 0) return false;
    const auto who = std::ranges::find(into.workers, worker_id{n[0]}, &kept_worker::id);
    if (who == into.workers.end()) return false;
    who->leaves_by = n[1];
  }
  return true;  // a key from the future
}

bool makes_sense(const kept_state& state) {
  if (state.generation.value == 0 || state.newest < state.generation || state.target == 0) return false;
  std::set<worker_id> ids;
  return std::ranges::all_of(state.workers, [&](const kept_worker& each) {
    return each.id.value != 0 && each.id <= state.last_worker && each.slot.value < state.slots.size() &&
           each.generation.value != 0 && each.generation <= state.newest && ids.insert(each.id).second;
  });
}

}  // namespace

std::string to_text(const kept_state& state) {
  std::string text = std::string(first_line) + "\n";
  text += "name " + state.name + "\n";
  for (const std::string& each : state.listen) text += "listen " + each + "\n";
  for (const kept_listener& each : state.listeners)
    text += "listener " + std::to_string(each.tls ? 1 : 0) + " " + std::to_string(each.proxy ? 1 : 0) + " " +
            std::to_string(each.inherited ? 1 : 0) + " " + std::to_string(each.number) + " " +
            std::to_string(each.name.size()) + " " + each.name + " " + each.uri + "\n";
  text += "schedule " + std::string(to_string(state.schedule)) + "\n";
  append(text, "ids",
         {state.last_worker.value, state.generation.value, state.newest.value, state.target,
          state.rolling ? 1U : 0U, state.sequence, state.configured});
  const traffic& past = state.past;
  append(text, "past",
         {past.accepted, past.requests, past.errors, past.bytes_received, past.bytes_sent,
          static_cast<std::uint64_t>(past.busy.count())});
  for (const route_traffic& each : state.routes) {
    text += "route";
    for (const std::uint64_t count : each.answers) text += " " + std::to_string(count);
    text +=
        " " + std::to_string(each.timed) + " " + std::to_string(each.time.count()) + " " + each.route + "\n";
  }
  append(text, "scaling", {state.scaling.min, state.scaling.max, state.configured_most});
  append(text, "last-listener", {state.last_listener});
  for (const std::uint64_t each : state.leaving) append(text, "leaving", {each});
  append(text, "supervisor", {state.supervisor, state.supervisor_start});
  for (const kept_slot& each : state.slots) append(text, "slot", {each.launches, each.failures_in_a_row});
  for (const kept_worker& each : state.workers)
    append(text, "worker", {each.id.value, each.slot.value, each.generation.value, each.pid, each.start});
  for (const kept_worker& each : state.workers)
    if (each.leaves_by != 0) append(text, "sent-away", {each.id.value, each.leaves_by});
  return text + std::string(last_line) + "\n";
}

std::optional<kept_state> parse_kept_state(std::string_view text) {
  kept_state state;
  bool first = true;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == text.npos) return std::nullopt;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (std::exchange(first, false)) {
      if (line != first_line) return std::nullopt;
      continue;
    }
    if (line == last_line)
      return text.empty() && makes_sense(state) ? std::optional(std::move(state)) : std::nullopt;
    const std::size_t space = line.find(' ');
    if (space == line.npos || !read_line(line.substr(0, space), line.substr(space + 1), state))
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace cluster::policy
