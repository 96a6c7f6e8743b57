// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "ctl/list.hpp"
#include "ctl/table.hpp"

#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace cluster::ctl {

/// What `monit` shows, and what keys do to it. Pure: no terminal, no clock, no cluster.
class monit_view {
 public:
  enum class wish : std::uint8_t { none, quit, reload, abort, restart, more, fewer, stop };
  /// What a key is, as far as it matters.
  enum class key : std::uint8_t { other, up, down, enter, escape };

  explicit monit_view(bool unicode) : unicode_(unicode) {}

  void take_status(boost::json::value status);
  /// The cluster does not answer (any more); `why` in words.
  void lose(const std::string& why);
  void take_event(const boost::json::value& event);
  void take_log(const boost::json::value& line);
  /// What became of an order.
  void say(const std::string& message) { message_ = message; }

  /// A key was pressed: what is wanted now. Whatever changes something is asked for first.
  wish press(char letter, key special = key::other);

  /// The whole screen, never larger than asked for.
  std::vector<screen_line> draw(std::size_t width, std::size_t height, double now);

  std::uint64_t chosen_worker() const { return chosen_; }
  std::uint64_t target() const { return target_; }

 private:
  screen_line summary(std::size_t width) const;
  std::string sparkline(std::size_t width) const;
  void move(int by);
  void keep(std::deque<screen_line>& where, std::string text, colour paint);
  screen_line bottom(std::size_t width) const;

  static constexpr std::size_t history = 300;

  bool unicode_;
  boost::json::value status_;
  std::string lost_;
  std::uint64_t chosen_ = 0;  ///< id of a worker
  std::uint64_t target_ = 0;
  std::deque<double> rates_;
  std::deque<screen_line> events_;
  std::deque<screen_line> logs_;
  bool show_logs_ = false;
  wish asked_ = wish::none;
  std::string message_;
};

}  // namespace cluster::ctl
