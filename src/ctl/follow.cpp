// SPDX-License-Identifier: BSL-1.0
// The verbs that follow what happens: events, and reload --wait.
#include "ctl/follow.hpp"

#include "ctl/exit_code.hpp"
#include "ctl/json_view.hpp"
#include "ctl/list.hpp"
#include "ctl/table.hpp"
#include "ctl/terminal.hpp"
#include "ctl/verbs.hpp"
#include "ctl/words.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <cmath>

namespace cluster::ctl {
namespace {

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

std::string number_of(const boost::json::value& of, std::string_view name) {
  return std::to_string(count(of, name).value_or(0));
}

colour paint_of(const boost::json::value& event) {
  const std::string kind = text(event, "event");
  if (kind == "ready" || kind == "slot_replaced" || kind == "rollout_finished") return colour::good;
  if (kind == "rollout_failed" || kind == "launch_failed" || kind == "resting" || kind == "lost")
    return colour::bad;
  if (kind == "restart_delayed" || kind == "draining" || kind == "retired") return colour::warn;
  if (kind != "exited") return colour::none;
  const std::string reason = text(event, "reason");
  return reason == "crashed" || reason == "signalled" || reason == "failed_to_start" || reason == "hung"
             ? colour::bad
             : colour::none;
}

std::string elapsed(clock::time_point since) {
  const auto spent = std::chrono::duration_cast<milliseconds>(clock::now() - since).count();
  return spent < 10000 ? std::to_string(spent) + " ms" : short_time(static_cast<double>(spent) / 1000);
}

}  // namespace

bool event_reader::feed(std::string_view piece, const std::function<bool(const boost::json::value&)>& take) {
  rest_ += piece;
  for (std::size_t end = 0; (end = rest_.find("\n\n")) != rest_.npos; rest_.erase(0, end + 2)) {
    const std::string_view block = std::string_view(rest_).substr(0, end);
    const auto at = block.starts_with("data: ") ? 0 : block.find("\ndata: ");
    if (at == block.npos) continue;
    std::string_view data = block.substr(at == 0 ? 6 : at + 7);
    data = data.substr(0, data.find('\n'));
    boost::system::error_code ec;
    const boost::json::value json = boost::json::parse({data.data(), data.size()}, ec);
    if (ec || take(json)) continue;
    rest_.erase(0, end + 2);
    return false;
  }
  return true;
}

std::string event_line(const boost::json::value& event, bool colours) {
  std::string when = text(event, "at");
  if (const auto t = when.find('T'); t != when.npos) when = when.substr(t + 1, 12);
  std::string kind = text(event, "event");
  kind.resize(std::max<std::size_t>(kind.size(), 16), ' ');
  std::string line =
      painted(when, colour::faint, colours) + "  " + painted(harmless(kind), paint_of(event), colours);
  if (const auto missed = count(event, "missed"))
    line += "  " + std::to_string(*missed) + " events were missed";
  const std::string words = text(event, "text");
  if (!words.empty()) line += "  " + harmless(words);
  if (count(event, "pid")) line += " (pid " + number_of(event, "pid") + ")";
  if (text(event, "event") == "exited") line += " [" + harmless(text(event, "reason")) + "]";
  return line + "\n";
}

int events(const verb_options& options, const events_options& what) {
  int code = exit_clean;
  auto cluster = session::open(options.where, code);
  if (!cluster) return code;
  catch_interrupts();
  if (!cluster->stream(what.history ? "/v1/events?history=1" : "/v1/events")) return cluster->exit_code();
  const bool colours = output_has_colours();
  event_reader reader;
  std::uint64_t seen = 0;
  const auto take = [&](const boost::json::value& event) {
    if (!print(options.json ? boost::json::serialize(event) + "\n" : event_line(event, colours)))
      return false;
    return ++seen != what.count;
  };
  for (std::string piece; !interrupted(); piece.clear()) {
    const error_code ec = cluster->client().read(piece, between_looks);
    if (ec == make_error_code(error::timed_out)) continue;
    if (ec) return interrupted() || ec == make_error_code(error::channel_closed) ? exit_clean : exit_failed;
    if (!reader.feed(piece, take)) return exit_clean;
  }
  return exit_clean;
}

std::string reload_body(const reload_verb_options& what) {
  boost::json::object body;
  // What is no number goes as it is: the cluster says by name what it wants.
  const auto number = [&](const char* name, const std::string& given) {
    if (given.empty()) return;
    const bool digits = given.size() < 10 &&
                        std::all_of(given.begin(), given.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (digits) body[name] = std::stoll(given);
    else body[name] = given;
  };
  number("max_surge", what.max_surge);
  number("max_unavailable", what.max_unavailable);
  if (!what.pause.empty()) body["pause"] = what.pause;
  if (!what.soak.empty()) body["soak"] = what.soak;
  if (what.no_rollback) body["rollback"] = false;
  return body.empty() ? std::string() : boost::json::serialize(body);
}

namespace {

/// Follows one reload from its order to its end.
class reload_progress {
 public:
  reload_progress(session& orders, session& news, bool json) : orders_(orders), news_(news), json_(json) {}

  int run(const std::string& body, milliseconds limit) {
    const auto deadline = limit.count() == 0 ? clock::time_point::max() : clock::now() + limit;
    if (!news_.stream("/v1/events")) return news_.exit_code();
    if (!orders_.ask("POST", "/v1/reload", body)) {
      if (json_) print(orders_.reply().body);
      return orders_.exit_code();
    }
    id_ = count(orders_.json(), "id").value_or(0);
    orders_.quiet();
    while (!interrupted()) {
      if (ended()) return report();
      if (clock::now() >= deadline) {
        complain("reload " + std::to_string(id_) +
                 " did not end in time; it goes on (clusterctl abort takes it back)");
        return exit_failed;
      }
      std::string piece;
      const error_code ec =
          news_.client().read(piece, std::min<milliseconds>(milliseconds(1000), left(deadline)));
      if (ec && ec != make_error_code(error::timed_out) && !interrupted()) {
        complain("the cluster ended during the reload");
        return exit_failed;
      }
      reader_.feed(piece, [this](const boost::json::value& event) { return show(event); });
    }
    complain("left; reload " + std::to_string(id_) + " goes on");
    return exit_failed;
  }

 private:
  static milliseconds left(clock::time_point deadline) {
    if (deadline == clock::time_point::max()) return std::chrono::hours(1);
    return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(deadline - clock::now()));
  }

  // A look is due at first and after each event that may be the last one.
  bool ended() {
    if (!orders_.ask("GET", "/v1/status")) return false;
    status_ = orders_.json();
    if (member(status_, "rollout") != nullptr) return false;
    const auto* last = member(status_, "last_reload");
    return last != nullptr && count(*last, "id") == id_;
  }

  bool show(const boost::json::value& event) {
    const bool colours = output_has_colours();
    const std::string kind = text(event, "event");
    finished_ = finished_ || kind == "rollout_finished";
    failed_ = failed_ || kind == "rollout_failed";
    if (json_) return true;
    const std::string slot = "slot " + number_of(event, "slot");
    if (kind == "forked" && count(event, "generation") == id_) {
      print("  " + slot + "  worker " + number_of(event, "worker") + " starts (pid " +
            number_of(event, "pid") + ")\n");
    } else if (kind == "ready" && count(event, "generation") == id_) {
      print("  " + slot + "  worker " + number_of(event, "worker") + " is ready\n");
    } else if (kind == "slot_replaced") {
      ++done_;
      const auto total = elements(status_, "workers").size();
      const auto* rollout = member(status_, "rollout");
      const std::string of = rollout != nullptr ? number_of(*rollout, "slots_total") : std::to_string(total);
      print(painted("\u2713 ", colour::good, colours) + slot + "  worker " + number_of(event, "worker") +
            " has taken over, " + std::to_string(done_) + " of " + of + ", " + elapsed(begun_) + "\n");
    } else if (kind == "exited" && count(event, "generation") == id_) {
      print(painted("\u2717 ", colour::bad, colours) + slot + "  " + harmless(text(event, "text")) + "\n");
    } else if (kind == "rollout_failed") {
      print(painted("\u2717 ", colour::bad, colours) + harmless(text(event, "text")) + "\n");
    }
    return true;
  }

  int report() {
    const boost::json::value& last = *member(status_, "last_reload");
    const std::string outcome = text(last, "outcome");
    // The answer may have overtaken the last events, which come on another connection.
    const auto deadline = clock::now() + milliseconds(500);
    while (!finished_ && !(failed_ && outcome != "rolled_back") && clock::now() < deadline) {
      std::string piece;
      if (news_.client().read(piece, left(deadline))) break;
      reader_.feed(piece, [this](const boost::json::value& event) { return show(event); });
    }
    if (json_) {
      print(boost::json::serialize(last) + "\n");
    } else if (outcome == "completed") {
      print("reload completed: " + number_of(last, "slots_done") + " of " + number_of(last, "slots_total") +
            " slots, " + number_of(last, "took_ms") + " ms, " + number_of(last, "connections_moved") +
            " connections moved\n");
    } else {
      const std::string stage = text(last, "stage");
      complain("reload " + outcome + (stage.empty() ? "" : " at stage " + stage) + ": " +
               text(last, "reason") + "; the cluster runs generation " + number_of(status_, "generation"));
    }
    return outcome == "completed" ? exit_clean : exit_failed;
  }

  session& orders_;
  session& news_;
  bool json_;
  event_reader reader_;
  boost::json::value status_;
  std::uint64_t id_ = 0;
  std::size_t done_ = 0;
  bool finished_ = false;
  bool failed_ = false;
  clock::time_point begun_ = clock::now();
};

}  // namespace

int reload(const verb_options& options, const reload_verb_options& what) {
  int code = exit_clean;
  auto orders = session::open(options.where, code);
  if (!orders) return code;
  const std::string body = reload_body(what);
  if (!options.wait) {
    if (options.json) orders->quiet();
    const bool fine = orders->ask("POST", "/v1/reload", body);
    if (options.json) print(orders->reply().body);
    else if (fine) print("reload " + number_of(orders->json(), "id") + " has begun\n");
    return orders->exit_code();
  }
  auto news = session::open({orders->client().path(), {}}, code);
  if (!news) return code;
  catch_interrupts();
  if (options.json) orders->quiet();
  return reload_progress(*orders, *news, options.json)
      .run(body, milliseconds(static_cast<long long>(std::ceil(options.timeout_seconds * 1000))));
}

}  // namespace cluster::ctl
