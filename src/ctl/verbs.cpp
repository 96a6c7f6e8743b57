// SPDX-License-Identifier: BSL-1.0
#include "ctl/verbs.hpp"

#include "ctl/exit_code.hpp"
#include "ctl/json_view.hpp"
#include "ctl/list.hpp"
#include "ctl/terminal.hpp"
#include "ctl/words.hpp"

#include <boost/json.hpp>

#include <poll.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <thread>

namespace cluster::ctl {
namespace {

using std::chrono::milliseconds;

milliseconds limit_of(const verb_options& options) {
  return milliseconds(static_cast<long long>(std::ceil(options.timeout_seconds * 1000)));
}

milliseconds wait_limit(const verb_options& options) {
  return options.wait ? limit_of(options) : milliseconds(10000);
}

std::string wait_query(const verb_options& options) { return options.wait ? "?wait=1" : ""; }

int printed(std::string_view text) { return print(text) ? exit_clean : exit_failed; }

look here() { return {output_width(), output_has_colours(), now_seconds(), {}}; }

// Sends an order; prints the answer itself as JSON, or `done` of it.
template <class Words>
int order(const verb_options& options, std::string_view method, const std::string& target,
          const std::string& body, const Words& done) {
  int code = exit_clean;
  auto cluster = session::open(options.where, code);
  if (!cluster) return code;
  if (options.json) cluster->quiet();
  const bool fine = cluster->ask(method, target, body, wait_limit(options));
  if (options.json) {
    print(cluster->reply().body);
    return cluster->exit_code();
  }
  return fine ? printed(done(cluster->json())) : cluster->exit_code();
}

}  // namespace

int list(const verb_options& options, const list_options& what) {
  int code = exit_clean;
  auto cluster = session::open(options.where, code);
  if (!cluster) return code;
  if (what.watch_seconds > 0) catch_interrupts();
  for (;;) {
    if (!cluster->ask("GET", "/v1/status")) return cluster->exit_code();
    look how = here();
    how.columns = what.columns;
    std::string screen = options.json ? cluster->reply().body : list_text(cluster->json(), how);
    if (what.watch_seconds <= 0) return printed(screen);
    // Redrawn in place: home, each line with its rest cleared, then everything below.
    if (output_is_terminal() && !options.json) {
      std::string drawn = "\x1b[H";
      for (const char c : screen) drawn += c == '\n' ? std::string("\x1b[K\n") : std::string(1, c);
      screen = drawn + "\x1b[J";
    }
    if (!print(screen)) return exit_clean;
    rest(std::chrono::milliseconds(static_cast<std::int64_t>(what.watch_seconds * 1000)));
    if (interrupted()) return exit_clean;
  }
}

int describe(const verb_options& options, std::uint64_t id) {
  int code = exit_clean;
  auto cluster = session::open(options.where, code);
  if (!cluster) return code;
  if (!cluster->ask("GET", "/v1/status?pss=1")) return cluster->exit_code();
  const boost::json::value status = cluster->json();
  const std::string text = describe_text(status, id, here());
  if (text.empty()) {
    complain("no worker " + std::to_string(id) +
             " is alive; clusterctl list shows their ids with --columns id,slot,pid");
    return exit_failed;
  }
  if (!options.json) return printed(text);
  for (const auto& each : elements(status, "workers"))
    if (count(each, "id") == id) return printed(boost::json::serialize(each) + "\n");
  return exit_failed;
}

int abort_reload(const verb_options& options) {
  return order(options, "POST", "/v1/reload/abort", {}, [](const boost::json::value& got) {
    return "reload " + std::to_string(count(got, "id").value_or(0)) + " is taken back\n";
  });
}

bool workers_wanted(const std::string& wanted, std::uint64_t now, std::uint64_t& result) {
  const bool relative = wanted.starts_with('+') || wanted.starts_with('-');
  const std::string_view digits = std::string_view(wanted).substr(relative ? 1 : 0);
  std::uint64_t number = 0;
  const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || ec != std::errc{} || end != digits.data() + digits.size() || number > 1024)
    return false;
  if (!relative) result = number;
  else if (wanted.front() == '+') result = now + number;
  else result = number >= now ? 0 : now - number;
  return true;
}

bool bounds_wanted(const std::string& wanted, std::uint64_t& least, std::uint64_t& most) {
  const auto dash = wanted.find('-', 1);
  if (dash == wanted.npos || wanted.front() < '0' || wanted.front() > '9') return false;
  const std::string upper = wanted.substr(dash + 1);
  if (upper.empty() || upper.front() < '0' || upper.front() > '9') return false;
  return workers_wanted(wanted.substr(0, dash), 0, least) && workers_wanted(upper, 0, most) && least >= 1 &&
         least <= most;
}

int scale(const verb_options& options, const std::string& wanted) {
  std::uint64_t target = 0;
  std::uint64_t most = 0;
  if (bounds_wanted(wanted, target, most)) {
    const std::string bounds = boost::json::serialize(boost::json::object{{"min", target}, {"max", most}});
    return order(options, "POST", "/v1/scale", bounds, [&](const boost::json::value&) {
      return "from now on as many workers as the load wants, " + std::to_string(target) + " to " +
             std::to_string(most) + "\n";
    });
  }
  if (!workers_wanted(wanted, 0, target)) {
    complain("scale: '" + wanted + "' is not a number of workers: N, +N, -N or MIN-MAX, up to 1024");
    return exit_usage;
  }
  int code = exit_clean;
  auto cluster = session::open(options.where, code);
  if (!cluster) return code;
  if (!cluster->ask("GET", "/v1/status")) return cluster->exit_code();
  const std::uint64_t now = count(cluster->json(), "target").value_or(0);
  workers_wanted(wanted, now, target);
  if (target == 0) {
    complain("scale: one worker is the least; clusterctl stop ends the cluster");
    return exit_failed;
  }
  const std::string body = boost::json::serialize(boost::json::object{{"workers", target}});
  return order(options, "POST", "/v1/scale" + wait_query(options), body, [&](const boost::json::value&) {
    const std::string from = std::to_string(now);
    const std::string to = std::to_string(target);
    if (now == target) return "there are " + to + " workers already\n";
    return (options.wait ? "scaled from " : "scaling from ") + from + " to " + to + " workers\n";
  });
}

int restart(const verb_options& options, std::uint64_t id) {
  const std::string path = "/v1/workers/" + std::to_string(id) + "/restart";
  return order(options, "POST", path + wait_query(options), {}, [&](const boost::json::value&) {
    return "worker " + std::to_string(id) + (options.wait ? " is replaced\n" : " is being replaced\n");
  });
}

int pause(const verb_options& options, std::uint64_t id, bool on) {
  const std::string path = "/v1/workers/" + std::to_string(id) + (on ? "/pause" : "/resume");
  return order(options, "POST", path, {}, [&](const boost::json::value&) {
    return "worker " + std::to_string(id) + (on ? " is paused\n" : " goes on\n");
  });
}

int ping(const verb_options& options) {
  int code = exit_clean;
  auto cluster = session::open(options.where, code);
  if (!cluster) return code;
  cluster->quiet();
  if (!cluster->ask("GET", "/healthz") && cluster->reply().status != 503) {
    complain(nothing_there(options.where, {cluster->client().path(), {}, {}}));
    return cluster->exit_code();
  }
  if (options.json) print(cluster->reply().body);
  else if (cluster->exit_code() == exit_clean) print("alive\n");
  else complain(text(cluster->json(), "reason"));
  return cluster->exit_code();
}

int pid(const verb_options& options, std::uint64_t id) {
  int code = exit_clean;
  auto cluster = session::open(options.where, code);
  if (!cluster) return code;
  if (!cluster->ask("GET", "/v1/status")) return cluster->exit_code();
  const boost::json::value status = cluster->json();
  if (id == 0) return printed(std::to_string(count(status, "pid").value_or(0)) + "\n");
  for (const auto& each : elements(status, "workers"))
    if (count(each, "id") == id) return printed(std::to_string(count(each, "pid").value_or(0)) + "\n");
  complain("no worker " + std::to_string(id) + " is alive");
  return exit_failed;
}

namespace {

// Both answer when it is done, or when the workers' time to answer is over.
int change_listeners(verb_options options, std::string_view method, const std::string& target,
                     const std::string& body, const std::string& words) {
  options.wait = true;
  options.timeout_seconds = 30;
  return order(options, method, target, body, [&](const boost::json::value& got) {
    std::string lines;
    for (const auto& each : elements(got, "listeners"))
      lines += words + " " + text(each, "uri") + " (" + text(each, "name") + ")\n";
    return lines;
  });
}

}  // namespace

int listen(const verb_options& options, const std::string& uri) {
  const std::string body = boost::json::serialize(boost::json::object{{"uri", uri}});
  return change_listeners(options, "POST", "/v1/listeners", body, "listens at");
}

int unlisten(const verb_options& options, const std::string& name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
  });
  if (plain) return change_listeners(options, "DELETE", "/v1/listeners/" + name, {}, "listens no more at");
  complain("unlisten: '" + name + "' is no name of a listener; clusterctl list --json shows them");
  return exit_usage;
}

int stop(const verb_options& options, bool fast) {
  const std::string body = fast ? R"({"mode":"fast"})" : R"({"mode":"graceful"})";
  return order(options, "POST", "/v1/stop" + wait_query(options), body, [&](const boost::json::value&) {
    return std::string(options.wait ? "stopped\n"
                       : fast       ? "stopping at once\n"
                                    : "stopping, workers drain\n");
  });
}

int metrics(const verb_options& options) {
  int code = exit_clean;
  auto cluster = session::open(options.where, code);
  if (!cluster) return code;
  if (!cluster->ask("GET", "/metrics")) return cluster->exit_code();
  return printed(cluster->reply().body);
}

// A cluster that is only about to be started is waited for as well.
int wait_ready(const verb_options& options) {
  using clock = std::chrono::steady_clock;
  const auto deadline =
      options.timeout_seconds > 0 ? clock::now() + limit_of(options) : clock::time_point::max();
  catch_interrupts();
  std::string last = "no cluster is running";
  int code = exit_no_cluster;
  while (!interrupted() && clock::now() < deadline) {
    const found_socket found = find_socket(options.where);
    if (!found.several.empty()) {
      complain(nothing_there(options.where, found));
      return exit_usage;
    }
    last = nothing_there(options.where, found);
    code = exit_no_cluster;
    if (!found.path.empty()) {
      control_client client(found.path);
      control_reply reply;
      if (!client.request("GET", "/v1/status", {}, reply, std::chrono::seconds(2)) && reply.status == 200) {
        boost::system::error_code ec;
        const boost::json::value status = boost::json::parse(reply.body, ec);
        const auto ready = count(status, "ready").value_or(0);
        const auto target = count(status, "target").value_or(0);
        if (target > 0 && ready >= target)
          return options.json ? printed(reply.body)
                              : printed(std::to_string(ready) + "/" + std::to_string(target) + " ready\n");
        last = std::to_string(ready) + " of " + std::to_string(target) + " workers are ready";
        code = exit_failed;
      }
    }
    ::poll(nullptr, 0, 20);
  }
  complain("not ready in time: " + last);
  return code;
}

}  // namespace cluster::ctl
