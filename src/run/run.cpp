// SPDX-License-Identifier: BSL-1.0
#include <cluster/run.hpp>

#include "common/log_output.hpp"
#include "os/account.hpp"
#include "os/executable.hpp"
#include "os/listen_socket.hpp"
#include "os/output.hpp"
#include "run/command_line.hpp"
#include "run/home.hpp"
#include "run/keeper.hpp"
#include "run/service.hpp"
#include "run/signals.hpp"
#include "run/upgrade.hpp"
#include "tls/load.hpp"

#include <cluster/control_server.hpp>
#include <cluster/supervisor.hpp>
#include <cluster/version.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <fcntl.h>

#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

namespace cluster {
namespace {

// Stable: scripts depend on them.
enum exit_code { clean = 0, failed_running = 1, bad_usage = 2, cannot_bind = 3, not_ready = 4, owned = 5 };

// Tells tools what this program is without running it: clusterctl looks for it in the file.
[[gnu::used]] constexpr char mark[] = "program built on cluster::run";

void complain(const options& settings, const std::string& line) {
  write_to_stderr(settings.name + ": " + line + "\n");
}

int exit_code_of(const error_code& ec) {
  if (!ec) return clean;
  if (ec == make_error_code(error::never_ready)) return not_ready;
  if (ec == make_error_code(error::owned_elsewhere)) return owned;
  if (ec == make_error_code(error::bind_failed)) return cannot_bind;
  if (ec == make_error_code(error::invalid_address) || ec == make_error_code(error::invalid_options))
    return bad_usage;
  return failed_running;
}

// Everything that can be known without binding: another instance may be serving there right now.
int check(const options& settings) {
  os::identity ignored;
  std::string path;
  os::failure failed = os::locate_executable(settings.executable, path);
  if (!failed && !(settings.user.empty() && settings.group.empty()))
    failed = os::resolve_identity(settings.user, settings.group, ignored);
  tls::material files;
  if (!failed && !settings.tls.certificates.empty() && !tls::load(settings.tls, files, failed.detail))
    failed.code = make_error_code(error::invalid_options);
  if (failed) {
    complain(settings, failed.detail);
    return bad_usage;
  }
  std::printf("%s: the configuration is valid\n", settings.name.c_str());
  return clean;
}

// A bare port is this machine's own: what is open to others is said in so many words.
bool open_admin(const options& settings, control_server& control, std::vector<os::listen_socket>& admin,
                std::string& detail) {
  const bool bare = settings.admin.find_first_not_of("0123456789") == std::string::npos;
  const auto address = os::parse_listen_address((bare ? "127.0.0.1:" : "") + settings.admin, detail);
  if (!address) return false;
  if (os::failure failed = os::open_listeners(*address, {}, admin)) {
    detail = "admin: " + failed.detail;
    return false;
  }
  for (const os::listen_socket& each : admin) {
    error_code ec;
    control.serve_probes(::fcntl(each.fd(), F_DUPFD_CLOEXEC, 3), ec);
    if (!ec) continue;
    detail = "admin: " + ec.message();
    return false;
  }
  return true;
}

int supervise(options settings, std::function<options()> refresh,
              const std::function<void(supervisor&)>& prepare, bool kept, int argc, char** argv) {
  if (!settings.log_file.empty() || !settings.error_file.empty()) {
    if (os::failure failed = os::redirect_output(settings.log_file, settings.error_file)) {
      complain(settings, failed.detail);
      return cannot_bind;
    }
    // Otherwise workers would go on writing to a file that was moved away.
    settings.capture_output = true;
  }
  run_detail::settle_rendezvous(settings);
  boost::asio::io_context context(1);
  supervisor master(context.get_executor(), settings);
  error_code ec;
  std::string detail;
  master.open(ec, detail);
  if (ec) {
    complain(settings, detail);
    return exit_code_of(ec);
  }
  if (const error_code failed = master.store_listeners())
    settings.log(log_level::warning, "the service manager keeps no listeners: " + failed.message());
  control_server control(master, {.path = settings.control});
  if (settings.control != "off") {
    control.open(ec, detail);
    if (ec && !settings.control.empty()) {
      complain(settings, detail);
      return ec == make_error_code(error::owned_elsewhere) ? owned : cannot_bind;
    }
    // Where nobody asked for it, it is a convenience and no reason not to serve.
    if (ec) settings.log(log_level::warning, "no control interface: " + detail);
  }
  std::vector<os::listen_socket> admin;
  if (!settings.admin.empty() && !open_admin(settings, control, admin, detail)) {
    complain(settings, detail);
    return cannot_bind;
  }
  master.on_reload(std::move(refresh));
  if (prepare) prepare(master);
  run_detail::signal_rules signals(context, master, settings);
  run_detail::let_signals_through();  // after an upgrade they were held back
  run_detail::upgrader upgrade(context, master, settings, argc, argv);
  signals.on_strangers([&] {
    std::vector<int> ours;
    for (const auto& each : master.status().workers) ours.push_back(each.pid);
    if (const int check = upgrade.check_pid(); check != 0) ours.push_back(check);
    return ours;
  });
  run_detail::service_reporter service(context, master, kept);
  signals.on_upgrade([&] { upgrade.start(); });
  control.on_upgrade([&](std::function<void(std::string)> then) { upgrade.start(std::move(then)); });
  master.async_run([&](error_code result) {
    ec = result;
    signals.cancel();
    upgrade.cancel();
    service.cancel();
    control.close();
  });
  const cluster_status now = master.status();
  std::string where;
  for (const std::string& uri : now.listeners) where += (where.empty() ? "" : ", ") + uri;
  settings.log(log_level::info, settings.name + " (cluster " + std::to_string(CLUSTER_VERSION_MAJOR) + "." +
                                    std::to_string(CLUSTER_VERSION_MINOR) + ") starts " +
                                    std::to_string(now.target) + " workers, listening on " +
                                    (where.empty() ? "nothing" : where));
  if (!control.path().empty()) settings.log(log_level::info, "control interface at " + control.path());
  for (const os::listen_socket& each : admin)
    settings.log(log_level::info, "metrics and probes at " + each.description().uri);
  context.run();
  if (ec) complain(settings, ec.message() + ": " + master.failure());
  return exit_code_of(ec);
}

int work(const std::function<int(worker&)>& serve) {
  boost::asio::io_context context(1);
  worker self(context);
  self.handle_signals();
  run_detail::survive_broken_pipes();
  run_detail::leave_signals_to_supervisor();
  int code = failed_running;
  try {
    code = serve(self);
  } catch (const std::exception& problem) {
    // Told to the supervisor, as it is why this worker ends; `run` would only print it.
    self.report_failure("worker", problem.what());
    return failed_running;
  }
  // A server that was drained has said so itself; a bare function that returned after the notice has not.
  if (self.state() == worker_state::draining) self.done();
  return code;
}

}  // namespace

int run(int argc, char** argv, options defaults, std::function<int(worker&)> serve) {
  return run(argc, argv, std::move(defaults), std::move(serve), {});
}

int run(int argc, char** argv, options defaults, std::function<int(worker&)> serve,
        std::function<void(supervisor&)> prepare) try {
  if (worker::started_by_supervisor()) return work(serve);
  const run_detail::command command = run_detail::read_command(argc, argv, defaults);
  switch (command.to_do) {
    case run_detail::command::what::print: std::fputs(command.text.c_str(), stdout); return clean;
    case run_detail::command::what::refuse: complain(defaults, command.text); return bad_usage;
    case run_detail::command::what::check: return check(command.settings);
    case run_detail::command::what::serve: break;
  }
  const run_detail::kept kept = run_detail::started_by_keeper();
  if (command.settings.keeper && kept == run_detail::kept::no)
    return run_detail::keep(command.settings, argc, argv);
  // At a reload file and environment are read again; what is wrong then is the reason of its refusal.
  return supervise(
      command.settings,
      [argc, argv, &defaults] {
        run_detail::command again = run_detail::read_command(argc, argv, defaults);
        if (again.to_do == run_detail::command::what::refuse) throw std::invalid_argument(again.text);
        return std::move(again.settings);
      },
      [&](supervisor& master) {
        if (prepare) prepare(master);
        if (kept != run_detail::kept::only_to_stop) return;
        // The end was asked for when there was no supervisor: this one takes the workers over for that.
        boost::asio::post(master.get_executor(),
                          [&master] { master.async_stop(stop_mode::graceful, [](error_code) {}); });
      },
      kept != run_detail::kept::no, argc, argv);
} catch (const std::exception& problem) {
  complain(defaults, problem.what());
  return failed_running;
} catch (...) {
  complain(defaults, "something was thrown that is no std::exception");
  return failed_running;
}

}  // namespace cluster
