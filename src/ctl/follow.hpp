// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "ctl/verbs.hpp"

#include <boost/json/value.hpp>

#include <functional>
#include <string>

namespace cluster::ctl {

/// Cuts a stream of server-sent events into blocks and gives the data of each, as JSON. False from `take`
/// ends it.
class event_reader {
 public:
  /// False once `take` has said so.
  bool feed(std::string_view piece, const std::function<bool(const boost::json::value&)>& take);

 private:
  std::string rest_;
};

/// One line of a worker: time, slot, `|` or `!` for standard error, and its words; `raw`: the words alone.
std::string log_text(const boost::json::value& line, bool raw, bool colours);
/// Whether --grep and --since leave it; that lines were missed is always told.
bool log_wanted(const boost::json::value& line, const logs_options& what, double now);

/// One event on one line: time, kind, whom it concerns, and what is worth knowing.
std::string event_line(const boost::json::value& event, bool colours);

}  // namespace cluster::ctl
