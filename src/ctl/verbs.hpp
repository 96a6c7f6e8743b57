// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "ctl/session.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace cluster::ctl {

/// What all verbs that talk to a cluster have in common.
struct verb_options {
  where_options where;
  bool json = false;
  bool wait = false;
  double timeout_seconds = 0;  ///< of waiting; zero: for ever
};

struct list_options {
  std::vector<std::string> columns;
  double watch_seconds = 0;  ///< zero: once
};

struct reload_verb_options {
  std::string max_surge;
  std::string max_unavailable;
  std::string pause;
  std::string soak;
  bool no_rollback = false;
};

struct events_options {
  bool history = false;
  std::uint64_t count = 0;  ///< zero: without end
};

struct logs_options {
  bool follow = false;
  bool raw = false;  ///< the text alone
  bool only_out = false;
  bool only_error = false;
  int slot = -1;             ///< -1: all
  std::string grep;          ///< lines with this text only
  double since_seconds = 0;  ///< lines younger than that only; zero: no matter
  std::uint64_t tail = 100;
};

int logs(const verb_options&, const logs_options&);
int list(const verb_options&, const list_options&);
int describe(const verb_options&, std::uint64_t id);
int reload(const verb_options&, const reload_verb_options&);
int abort_reload(const verb_options&);
/// `wanted`: "4", "+1", "-1", "2-8".
int scale(const verb_options&, const std::string& wanted);
int restart(const verb_options&, std::uint64_t id);
int pause(const verb_options&, std::uint64_t id, bool on);
/// Whether the cluster is alive; starts nothing, whatever the answer.
int ping(const verb_options&);
/// Of the supervisor, or of a worker if `id` is not zero.
int pid(const verb_options&, std::uint64_t id);
/// Listens at one more place, and there no more.
int listen(const verb_options&, const std::string& uri);
int unlisten(const verb_options&, const std::string& name);
int stop(const verb_options&, bool fast);
/// Replaces the supervisor's own process.
int upgrade(const verb_options&);
int wait_ready(const verb_options&);
int events(const verb_options&, const events_options&);
int metrics(const verb_options&);
/// On a terminal, until it is told to end. Not in builds without ncurses.
int monit(const verb_options&);

/// The number of workers that `wanted` means; nothing if it is none.
bool workers_wanted(const std::string& wanted, std::uint64_t now, std::uint64_t& result);
/// The bounds that `wanted` means; false if it is none: 1 to 1024, the lower one first.
bool bounds_wanted(const std::string& wanted, std::uint64_t& least, std::uint64_t& most);
/// The body of the request.
std::string reload_body(const reload_verb_options&);

}  // namespace cluster::ctl
