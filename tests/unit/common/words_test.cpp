// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <cluster/error.hpp>
#include <cluster/event.hpp>
#include <cluster/log.hpp>
#include <cluster/types.hpp>
#include <cluster/version.hpp>

#include <signal.h>

#include <cctype>
#include <set>
#include <string>
#include <unordered_set>

using namespace cluster;

namespace {

// The names of the enumerators from 0 to the one before the first unknown value.
template <class Enum>
std::set<std::string> names_of(Enum last) {
  std::set<std::string> names;
  for (int value = 0; value <= static_cast<int>(last); ++value)
    names.insert(std::string(to_string(static_cast<Enum>(value))));
  CHECK(names.size() == static_cast<std::size_t>(last) + 1);
  CHECK(names.count("unknown") == 0);
  CHECK(to_string(static_cast<Enum>(static_cast<int>(last) + 1)) == "unknown");
  return names;
}

exit_status ended(exit_status::kind how, int code, int signal, bool core) {
  exit_status status;
  status.how = how;
  status.code = code;
  status.signal = signal;
  status.core = core;
  return status;
}

}  // namespace

TEST_CASE("every enumerator has its word, and the words are the documented ones") {
  CHECK(names_of(worker_state::exited) == std::set<std::string>{"starting", "ready", "draining", "exited"});
  CHECK(names_of(exit_reason::orphaned) == std::set<std::string>{"requested", "replaced", "scaled_down",
                                                                 "recycled", "crashed", "signalled", "hung",
                                                                 "failed_to_start", "orphaned"});
  CHECK(names_of(event_kind::stopped) ==
        std::set<std::string>{"forked",          "online",          "listening",     "ready",
                              "draining",        "disconnected",    "exited",        "launch_failed",
                              "restart_delayed", "resting",         "retired",       "handler_failed",
                              "adopted",         "unresponsive",    "hung",          "recovered",
                              "recycling",       "rollout_started", "slot_replaced", "rollout_finished",
                              "rollout_failed",  "stopping",        "stopped"});
  CHECK(names_of(log_level::off) == std::set<std::string>{"debug", "info", "warning", "error", "off"});
  CHECK(to_string(worker_state::ready) == "ready");
  CHECK(to_string(exit_reason::failed_to_start) == "failed_to_start");
  CHECK(to_string(event_kind::restart_delayed) == "restart_delayed");
}

TEST_CASE("an exit status tells code, signal and core apart") {
  using kind = exit_status::kind;
  CHECK(to_string(exit_status{}) == "exit status unknown");
  CHECK(to_string(ended(kind::exited, 0, 0, false)) == "exit code 0");
  CHECK(to_string(ended(kind::exited, 9, 0, false)) == "exit code 9");
  CHECK(to_string(ended(kind::signalled, 0, SIGKILL, false)) == "signal 9 (SIGKILL)");
  CHECK(to_string(ended(kind::signalled, 0, SIGSEGV, true)) == "signal 11 (SIGSEGV), core dumped");
  // A real-time signal has no short name; the number is enough.
  CHECK(to_string(ended(kind::signalled, 0, SIGRTMIN + 3, false)) ==
        "signal " + std::to_string(SIGRTMIN + 3));
  CHECK(ended(kind::exited, 9, 0, false) != ended(kind::signalled, 0, 9, false));
}

TEST_CASE("each error has a sentence of its own") {
  std::set<std::string> sentences;
  const int last = static_cast<int>(error::unknown_listener);
  for (int value = 1; value <= last; ++value) {
    const error_code ec = make_error_code(static_cast<error>(value));
    const std::string sentence = ec.message();
    CAPTURE(value, sentence);
    CHECK(ec.failed());
    CHECK(ec.value() == value);
    CHECK(ec.category() == error_category());
    CHECK(sentence != "unknown error");
    CHECK(sentence.size() > 10);
    // It becomes part of a line: no capital at its start, no full stop, no line end.
    CHECK(std::islower(static_cast<unsigned char>(sentence.front())) != 0);
    CHECK(sentence.back() != '.');
    CHECK(sentence.find('\n') == std::string::npos);
    sentences.insert(sentence);
  }
  CHECK(sentences.size() == static_cast<std::size_t>(last));
  CHECK(error_category().message(last + 1) == "unknown error");
  CHECK(error_category().message(0) == "unknown error");
  CHECK(std::string(error_category().name()) == "cluster");
}

TEST_CASE("errors convert by themselves and differ from the system's of the same number") {
  const error_code ec = error::queue_full;
  CHECK(ec == error::queue_full);
  CHECK(ec != error::timed_out);
  CHECK(ec != error_code(ec.value(), boost::system::system_category()));
}

TEST_CASE("ids of different kinds are different types, with zero for none") {
  static_assert(!std::is_convertible_v<worker_id, slot_id>);
  static_assert(!std::is_convertible_v<int, worker_id>);
  CHECK(worker_id{}.value == 0);
  CHECK(worker_id{1} < worker_id{2});
  CHECK(worker_id{2} == worker_id{2});
  std::unordered_set<worker_id> ids{worker_id{1}, worker_id{2}, worker_id{1}};
  CHECK(ids.size() == 2);
}

TEST_CASE("the linked library has the version of its headers") {
  CHECK(std::string(version()) == CLUSTER_VERSION_STRING);
  const std::string composed = std::to_string(CLUSTER_VERSION / 10000) + "." +
                               std::to_string(CLUSTER_VERSION / 100 % 100) + "." +
                               std::to_string(CLUSTER_VERSION % 100);
  CHECK(composed == CLUSTER_VERSION_STRING);
}
