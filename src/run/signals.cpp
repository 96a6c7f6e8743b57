// SPDX-License-Identifier: BSL-1.0
#include "run/signals.hpp"

#include "os/output.hpp"
#include "os/strangers.hpp"

#include <signal.h>

#include <cstring>
#include <string>

namespace cluster::run_detail {
namespace {

constexpr int handled[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGTTIN, SIGTTOU};

void change_mask(int how) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : handled) ::sigaddset(&set, number);
  ::pthread_sigmask(how, &set, nullptr);
}

void do_nothing_on(int number) {
  struct sigaction quiet {};
  quiet.sa_handler = [](int) {};
  quiet.sa_flags = SA_RESTART;
  ::sigaction(number, &quiet, nullptr);
}

}  // namespace

void hold_signals() { change_mask(SIG_BLOCK); }
void let_signals_through() { change_mask(SIG_UNBLOCK); }

signal_rules::signal_rules(boost::asio::io_context& context, supervisor& master, const options& settings)
    : master_(master),
      log_(settings.log),
      log_file_(settings.log_file),
      error_file_(settings.error_file),
      signals_(context) {
  for (const int number : handled) signals_.add(number);
  survive_broken_pipes();
  wait();
}

void signal_rules::wait() {
  signals_.async_wait([this](const error_code& ec, int number) {
    // A signal that was on its way when cancel() was called comes with success: to wait again then would keep
    // the program for ever.
    if (ec || cancelled_) return;
    act(number);
    wait();
  });
}

void signal_rules::cancel() {
  cancelled_ = true;
  signals_.cancel();
}

void signal_rules::on_strangers(std::function<std::vector<int>()> ours) {
  if (!os::inherits_orphans()) return;
  ours_ = std::move(ours);
  signals_.add(SIGCHLD);
}

void signal_rules::act(int number) {
  if (number == SIGCHLD) return os::reap_strangers(ours_());
  log_(log_level::info, std::string("got SIG") + ::sigabbrev_np(number));
  const auto ignore = [](error_code) {};
  switch (number) {
    case SIGTERM:
    case SIGINT: {
      const bool second = stopping_;
      stopping_ = true;
      return master_.async_stop(second ? stop_mode::fast : stop_mode::graceful, ignore);
    }
    case SIGQUIT: stopping_ = true; return master_.async_stop(stop_mode::fast, ignore);
    case SIGHUP: return reload();
    case SIGUSR1: return reopen_log();
    case SIGUSR2:
      if (upgrade_) upgrade_();
      return;
    case SIGTTIN: return scale(+1);
    case SIGTTOU: return scale(-1);
    default:  // a signal number, not a state
      return log_(log_level::warning,
                  std::string("SIG") + ::sigabbrev_np(number) + " has no effect in this version");
  }
}

void signal_rules::reload() {
  master_.async_reload([this](error_code ec, const reload_report& report) {
    if (ec == make_error_code(error::reload_running))
      return log_(log_level::warning, "SIGHUP: a rolling replacement is under way; it goes on");
    const std::string slots = std::to_string(report.slots_done) + " of " +
                              std::to_string(report.slots_total) + " slots, " +
                              std::to_string(report.took.count()) + " ms, " +
                              std::to_string(report.connections_moved) + " connections moved";
    if (!ec) return log_(log_level::info, "reload completed: " + slots);
    std::string line = "reload " + std::string(to_string(report.how));
    if (!report.stage.empty()) line += " at stage " + report.stage;
    if (!report.reason.empty()) line += ": " + report.reason;
    log_(log_level::error, line + " (" + slots + ")");
  });
}

void signal_rules::scale(int change) {
  const std::size_t now = master_.status().target;
  if (change < 0 && now <= 1)
    return log_(log_level::warning, "SIGTTOU: one worker is the least; stop the cluster with SIGTERM");
  const std::size_t wanted = change > 0 ? now + 1 : now - 1;
  master_.async_scale(wanted, [this, wanted](error_code ec) {
    if (!ec) log_(log_level::info, "scaled to " + std::to_string(wanted) + " workers");
    else if (ec != boost::asio::error::operation_aborted)
      log_(log_level::warning, "cannot scale to " + std::to_string(wanted) + ": " + ec.message());
  });
}

void signal_rules::reopen_log() {
  if (log_file_.empty() && error_file_.empty())
    return log_(log_level::warning, "SIGUSR1: there is no --log-file to open again");
  if (const os::failure failed = os::redirect_output(log_file_, error_file_))
    return log_(log_level::error, "SIGUSR1: " + failed.detail);
  log_(log_level::info, "the log file was opened again");
}

void survive_broken_pipes() { do_nothing_on(SIGPIPE); }

void leave_signals_to_supervisor() {
  for (const int number : {SIGHUP, SIGUSR1, SIGUSR2}) do_nothing_on(number);
  // The terminal would send these again and again to who handles them.
  for (const int number : {SIGTTIN, SIGTTOU}) ::signal(number, SIG_IGN);
}

}  // namespace cluster::run_detail
