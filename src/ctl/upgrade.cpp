// SPDX-License-Identifier: BSL-1.0
#include "ctl/exit_code.hpp"
#include "ctl/json_view.hpp"
#include "ctl/terminal.hpp"
#include "ctl/verbs.hpp"

#include <boost/json.hpp>

#include <poll.h>

#include <cmath>
#include <optional>

namespace cluster::ctl {
namespace {

using clock_type = std::chrono::steady_clock;

struct sight {
  double uptime = 0;  ///< of the supervisor
  std::uint64_t ready = 0;
  std::uint64_t target = 0;
};

std::optional<sight> see(control_client& client) {
  control_reply reply;
  if (client.request("GET", "/v1/status", {}, reply, std::chrono::seconds(2)) || reply.status != 200)
    return {};
  boost::system::error_code ec;
  const boost::json::value status = boost::json::parse(reply.body, ec);
  if (ec) return {};
  return sight{number(status, "uptime_s").value_or(0), count(status, "ready").value_or(0),
               count(status, "target").value_or(0)};
}

// The new program has the same pid and the same socket; it is known by its having begun after the question.
bool taken_over(const std::string& path, double asked_ago, const sight& before, std::string& last) {
  control_client client(path);
  const auto now = see(client);
  if (!now) {
    last = "nobody answers at " + path;
    return false;
  }
  const bool fresh = now->uptime <= asked_ago + before.uptime / 2;
  last = std::to_string(now->ready) + " of " + std::to_string(now->target) + " workers are ready";
  return fresh && now->target > 0 && now->ready >= now->target;
}

}  // namespace

int upgrade(const verb_options& options) {
  int code = exit_clean;
  auto cluster = session::open(options.where, code);
  if (!cluster) return code;
  if (options.json) cluster->quiet();
  const auto before = see(cluster->client());
  const auto begun = clock_type::now();
  // The new program is run with --check first, which takes what it takes.
  const bool fine = cluster->ask("POST", "/v1/upgrade", {}, std::chrono::seconds(15));
  if (options.json) print(cluster->reply().body);
  if (!fine) return cluster->exit_code();
  if (!options.wait)
    return options.json || print("the supervisor is being replaced\n") ? exit_clean : exit_failed;
  catch_interrupts();
  const std::string path = cluster->client().path();
  std::string last;
  const double limit = options.timeout_seconds > 0 ? options.timeout_seconds : 30;
  for (;;) {
    const double ago = std::chrono::duration<double>(clock_type::now() - begun).count();
    if (taken_over(path, ago, before.value_or(sight{}), last)) break;
    if (interrupted() || ago > limit) {
      complain("the next supervisor does not serve in time: " + last);
      return exit_failed;
    }
    ::poll(nullptr, 0, 20);
  }
  return options.json || print("the supervisor was replaced; " + last + "\n") ? exit_clean : exit_failed;
}

}  // namespace cluster::ctl
