// SPDX-License-Identifier: BSL-1.0
#include "ctl/exit_code.hpp"
#include "ctl/follow.hpp"
#include "ctl/json_view.hpp"
#include "ctl/table.hpp"
#include "ctl/terminal.hpp"
#include "ctl/verbs.hpp"
#include "ctl/words.hpp"

#include <boost/json/parse.hpp>

#include <array>

namespace cluster::ctl {
namespace {

// One colour for each slot, so that a worker's lines are found at a glance.
colour paint_of(std::uint64_t slot) {
  static constexpr std::array colours{colour::busy, colour::good, colour::warn, colour::strong};
  return colours[slot % colours.size()];
}

}  // namespace

std::string log_text(const boost::json::value& line, bool raw, bool colours) {
  if (const auto missed = count(line, "missed"))
    return painted("... " + std::to_string(*missed) + " lines were missed", colour::bad, colours) + "\n";
  const std::string words = harmless(text(line, "text"));
  if (raw) return words + "\n";
  std::string when = text(line, "at");
  if (const auto t = when.find('T'); t != when.npos) when = when.substr(t + 1, 12);
  const std::uint64_t slot = count(line, "slot").value_or(0);
  const bool error = text(line, "stream") == "err";
  std::string who = std::to_string(slot);
  who.insert(0, who.size() < 3 ? 3 - who.size() : 0, ' ');
  return painted(when, colour::faint, colours) + painted(who, paint_of(slot), colours) +
         painted(error ? "! " : "| ", error ? colour::bad : colour::faint, colours) + words + "\n";
}

bool log_wanted(const boost::json::value& line, const logs_options& what, double now) {
  if (member(line, "missed") != nullptr) return true;
  if (!what.grep.empty() && text(line, "text").find(what.grep) == std::string::npos) return false;
  return what.since_seconds <= 0 || seconds_since(text(line, "at"), now) <= what.since_seconds;
}

int logs(const verb_options& options, const logs_options& what) {
  int code = exit_clean;
  auto cluster = session::open(options.where, code);
  if (!cluster) return code;
  catch_interrupts();
  std::string target = "/v1/logs?tail=" + std::to_string(what.tail);
  if (what.follow) target += "&follow=1";
  if (what.slot >= 0) target += "&slot=" + std::to_string(what.slot);
  if (what.only_out != what.only_error) target += what.only_out ? "&stream=out" : "&stream=err";
  const bool colours = output_has_colours();
  std::string rest;
  const auto show = [&](std::string_view piece) {
    rest += piece;
    for (std::size_t end = 0; (end = rest.find('\n')) != rest.npos; rest.erase(0, end + 1)) {
      const std::string line = rest.substr(0, end);
      boost::system::error_code ec;
      const boost::json::value json = boost::json::parse(line, ec);
      if (!ec && log_wanted(json, what, now_seconds()) &&
          !print(options.json ? line + "\n" : log_text(json, what.raw, colours)))
        return false;
    }
    return true;
  };
  if (!what.follow) {
    if (!cluster->ask("GET", target)) return cluster->exit_code();
    show(cluster->reply().body);
    return exit_clean;
  }
  if (!cluster->stream(target)) return cluster->exit_code();
  for (std::string piece; !interrupted(); piece.clear()) {
    const error_code ec = cluster->client().read(piece, between_looks);
    if (ec == make_error_code(error::timed_out)) continue;
    if (ec) return interrupted() || ec == make_error_code(error::channel_closed) ? exit_clean : exit_failed;
    if (!show(piece)) return exit_clean;
  }
  return exit_clean;
}

}  // namespace cluster::ctl
