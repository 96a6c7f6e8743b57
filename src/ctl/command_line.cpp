// SPDX-License-Identifier: BSL-1.0
#include "ctl/command_line.hpp"

#include "ctl/apps.hpp"
#include "ctl/check.hpp"
#include "ctl/doctor.hpp"
#include "ctl/exit_code.hpp"
#include "ctl/list.hpp"
#include "ctl/nearest.hpp"
#include "ctl/verbs.hpp"

#include <cluster/version.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <functional>

namespace cluster::ctl {
namespace {

int refuse(const std::string& what) {
  std::fprintf(stderr, "clusterctl: %s\n", what.c_str());
  return exit_usage;
}

/// Says which verb was probably meant; empty if the first word is a verb, or there is none.
std::string misspelt(const CLI::App& app, const std::vector<std::string>& arguments) {
  std::size_t at = 0;
  while (at < arguments.size() && arguments[at].starts_with('-'))
    at += std::size_t{arguments[at] == "-s" || arguments[at] == "--socket" || arguments[at] == "--name" ? 2U
                                                                                                        : 1U};
  if (at >= arguments.size()) return {};
  const std::string& word = arguments[at];
  std::vector<std::string> verbs;
  for (const auto* verb : app.get_subcommands({})) verbs.push_back(verb->get_name());
  if (std::find(verbs.begin(), verbs.end(), word) != verbs.end()) return {};
  std::string what = "'" + word + "' is not a verb";
  if (const auto meant = nearest(word, verbs); !meant.empty())
    return what + "; did you mean '" + meant + "'?";
  return what + " (clusterctl --help lists them)";
}

/// Verbs that share a line of the first screen, and what both of them do.
struct pair_of_verbs {
  std::string_view first;
  std::string_view second;
  std::string_view what;
};
constexpr pair_of_verbs pairs[] = {
    {"pause", "resume", "Stop the process of one worker; let it go on"},
    {"stop", "kill", "End the cluster, gracefully or at once"},
    {"start", "run", "Start the programs of a process file, here with run"},
    {"ping", "pid", "Is it alive? Which process is it, or worker ID?"},
};

/// What the program can do on one screen; each verb tells its options itself.
std::string first_screen(const CLI::App& app) {
  std::string text =
      "Usage: clusterctl [-s PATH | --name NAME] VERB [OPTIONS]\n"
      "  -s: control socket of the cluster; without both the only one that answers.\n";
  for (const auto* verb : app.get_subcommands({})) {
    std::string name = verb->get_name();
    std::string what = verb->get_description();
    bool told = false;
    for (const pair_of_verbs& each : pairs) {
      told = told || name == each.second;
      if (name != each.first) continue;
      name.append(", ").append(each.second);
      what = each.what;
      break;
    }
    if (told) continue;
    name.resize(15, ' ');
    text += "  " + name + what + "\n";
  }
  return text + "VERB --help tells the options of one; --version.\n";
}

bool asks_for_help(const std::vector<std::string>& arguments) {
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    const std::string& each = arguments[at];
    if (each == "--help" || each == "-h") return true;
    if (each == "-s" || each == "--socket" || each == "--name") ++at;
    else if (!each.starts_with('-')) return false;
  }
  return false;
}

/// `scale -1`: the parser would take the number for an option.
constexpr char hidden_minus = '~';
void hide_minus(std::vector<std::string>& arguments) {
  for (std::string& each : arguments)
    if (each.size() > 1 && each[0] == '-' && each[1] >= '0' && each[1] <= '9') each[0] = hidden_minus;
}
std::string shown_minus(std::string text) {
  if (!text.empty() && text[0] == hidden_minus) text[0] = '-';
  return text;
}

/// Everything that the verbs are told, and the verb that was chosen.
struct commands {
  CLI::App app{"Looks after programs built on cluster. VERB --help tells more of one; --version.",
               "clusterctl"};
  verb_options common;
  check_options check;
  list_options list;
  reload_verb_options reload;
  events_options events;
  logs_options logs;
  start_options apps;
  std::vector<std::string> names;
  std::string workers;
  std::uint64_t id = 0;
  std::function<int()> chosen;

  CLI::App* verb(const char* name, const char* help, std::function<int()> run) {
    auto* made = app.add_subcommand(name, help);
    made->callback([this, run = std::move(run)] { chosen = run; });
    made->fallthrough();
    return made;
  }
  void json(CLI::App* of) { of->add_flag("--json", common.json, "Machine-readable result"); }
  void wait(CLI::App* of, const char* what) {
    of->add_flag("--wait", common.wait, what);
    timeout(of, "Give up waiting after this; 0: never (0)");
  }
  void timeout(CLI::App* of, const char* help) {
    of->add_option("--timeout", common.timeout_seconds, help)
        ->check(CLI::Range(0.0, 86400.0))
        ->type_name("SECONDS");
  }
  void worker(CLI::App* of) {
    of->add_option("ID", id, "Of the worker, see list")->required()->type_name("");
  }

  /// For each of the names that were given, or for the cluster that is meant without one.
  int each(const std::function<int()>& run) {
    if (names.empty()) return run();
    int code = exit_clean;
    for (const std::string& name : chosen_names(names)) {
      common.where = {};
      common.where.name = name;
      if (const int one = run(); one != exit_clean) code = one;
    }
    return code;
  }
  void named(CLI::App* of, const char* help) {
    of->add_option("NAME", names, help)->expected(0, 256)->type_name("");
  }

  void add_app_verbs();
  void add_machine_verbs();
  void add_looking_verbs();
  void add_changing_verbs();
};

void commands::add_app_verbs() {
  auto* start_verb = verb("start", "Start the programs of a process file, or an app by its name",
                          [this] { return ctl::start(common, apps); });
  start_verb->add_option("FILE", apps.target, "The file, or the name of an app that was started before")
      ->required()
      ->type_name("");
  start_verb->add_option("NAME", apps.names, "These of the file only")->expected(0, 256)->type_name("");
  auto* run_verb = verb("run", "The same in the foreground", [this] { return run_file(apps); });
  run_verb->add_option("FILE", apps.target, "The file")->required()->type_name("");
  run_verb->add_option("NAME", apps.names, "These of the file only")->expected(0, 256)->type_name("");
  auto* delete_verb = verb("delete", "Stop apps and forget them", [this] { return remove(common, names); });
  delete_verb->add_option("NAME", names, "Which; all: all of them")
      ->required()
      ->expected(1, 256)
      ->type_name("");
}

void commands::add_machine_verbs() {
  auto* check_verb = verb("check", "Would PROGRAM start? check -- PROGRAM [ARGS...]", [this] {
    check.json = common.json;
    return run_check(check);
  });
  check_verb->add_option("--timeout", check.timeout_seconds, "Time that the program may take (30)")
      ->check(CLI::Range(1, 3600))
      ->type_name("SECONDS");
  json(check_verb);
  check_verb->footer("Exits with the program's own code; 1 if it is ended by a signal or by the time-out.");
  auto* doctor_verb = verb("doctor", "What this machine allows a cluster to do, and what it does not",
                           [this] { return doctor(common.json); });
  json(doctor_verb);
  doctor_verb->footer("Warnings do not change the exit code.");
}

void commands::add_looking_verbs() {
  auto* list_verb = verb("list", "The cluster and its workers", [this] {
    if (const auto wrong = wrong_column(list.columns); !wrong.empty()) return refuse(wrong);
    const bool plain = names.empty() && list.columns.empty() && list.watch_seconds <= 0;
    if (plain && no_choice(common.where) &&
        (!app_records().empty() || !find_socket(common.where).several.empty()))
      return list_apps(common);
    return each([this] { return ctl::list(common, list); });
  });
  json(list_verb);
  named(list_verb, "Of this app; without: all apps, if there are several or they were started from a file");
  list_verb->add_option("--columns", list.columns, "Which, in which order: slot,pid,state")
      ->delimiter(',')
      ->type_name("NAMES");
  list_verb->add_option("--watch", list.watch_seconds, "Draw it again each second, or as often as said")
      ->expected(0, 1)
      ->default_str("1")
      ->check(CLI::Range(0.1, 3600.0))
      ->type_name("[SECONDS]");
  auto* describe_verb = verb("describe", "One worker in full", [this] { return describe(common, id); });
  worker(describe_verb);
  json(describe_verb);
#ifdef CLUSTER_MONIT
  verb("monit", "All of it on one screen, with keys", [this] { return monit(common); });
#endif
  auto* logs_verb =
      verb("logs", "What the workers write, if it is captured", [this] { return ctl::logs(common, logs); });
  logs_verb->add_flag("-f,--follow", logs.follow, "Go on with what comes");
  logs_verb->add_option("--tail", logs.tail, "Begin with so many lines before the end (100)")->type_name("N");
  logs_verb->add_option("--slot", logs.slot, "Of this slot only")->check(CLI::Range(0, 1023))->type_name("N");
  logs_verb->add_option("--grep", logs.grep, "Lines with this text only, of those that --tail leaves")
      ->type_name("TEXT");
  logs_verb->add_option("--since", logs.since_seconds, "Lines not older than that")
      ->check(CLI::Range(0.001, 1e9))
      ->type_name("SECONDS");
  logs_verb->add_flag("--out", logs.only_out, "Standard output only");
  logs_verb->add_flag("--err", logs.only_error, "Standard error only");
  logs_verb->add_flag("--raw", logs.raw, "The text alone");
  json(logs_verb);
  auto* events_verb =
      verb("events", "What happens, as it happens", [this] { return ctl::events(common, events); });
  json(events_verb);
  events_verb->add_flag("--history", events.history, "First what happened before, as far as it is kept");
  events_verb->add_option("-n,--count", events.count, "End after so many")->type_name("N");
  verb("metrics", "All metrics, as Prometheus reads them", [this] { return metrics(common); });
  json(verb("ping", "Is the cluster alive? Starts nothing", [this] { return ping(common); }));
  auto* pid_verb =
      verb("pid", "The supervisor's process id, or a worker's", [this] { return pid(common, id); });
  pid_verb->add_option("ID", id, "Of the worker, see list")->type_name("");
  auto* wait_verb =
      verb("wait", "Wait until all workers are ready: wait ready", [this] { return wait_ready(common); });
  wait_verb->add_option("WHAT", workers, "ready")->required()->check(CLI::IsMember({"ready"}))->type_name("");
  json(wait_verb);
  timeout(wait_verb, "Give up after this; 0: never (30)");
}

void commands::add_changing_verbs() {
  auto* reload_verb = verb("reload", "Replace all workers, slot by slot, without a lost request",
                           [this] { return each([this] { return ctl::reload(common, reload); }); });
  named(reload_verb, "Which app; all: all of them");
  wait(reload_verb, "Show it through and exit with its result");
  json(reload_verb);
  reload_verb->add_option("--max-surge", reload.max_surge, "Workers beyond the wanted number")
      ->type_name("N");
  reload_verb
      ->add_option("--max-unavailable", reload.max_unavailable, "Slots that may be without a ready worker")
      ->type_name("N");
  reload_verb->add_option("--pause", reload.pause, "Between two slots")->type_name("TIME");
  reload_verb->add_option("--soak", reload.soak, "How long a successor must stay ready")->type_name("TIME");
  reload_verb->add_flag("--no-rollback", reload.no_rollback,
                        "After a failure leave replaced slots as they are");
  json(verb("abort", "Take the reload under way back", [this] { return abort_reload(common); }));
  auto* scale_verb = verb("scale", "Change the number of workers: N, +N, -N, MIN-MAX",
                          [this] { return scale(common, shown_minus(workers)); });
  scale_verb->add_option("WORKERS", workers, "N, +N, -N; MIN-MAX: as many as the load wants")
      ->required()
      ->type_name("");
  wait(scale_verb, "Until it is so");
  json(scale_verb);
  auto* restart_verb =
      verb("restart", "Replace one worker, its successor first", [this] { return restart(common, id); });
  worker(restart_verb);
  wait(restart_verb, "Until the old one is gone");
  json(restart_verb);
  for (const bool on : {true, false}) {
    auto* pause_verb =
        verb(on ? "pause" : "resume",
             on ? "Stop the process of one worker; its connections wait" : "Let a paused worker go on",
             [this, on] { return pause(common, id, on); });
    worker(pause_verb);
    json(pause_verb);
  }
  auto* listen_verb = verb("listen", "Listen at one more place while it runs: listen URI",
                           [this] { return listen(common, workers); });
  listen_verb->add_option("URI", workers, "As --listen takes it")->required()->type_name("");
  json(listen_verb);
  auto* unlisten_verb = verb("unlisten", "Listen at a place no more: unlisten NAME",
                             [this] { return unlisten(common, workers); });
  unlisten_verb->add_option("NAME", workers, "Of the listener")->required()->type_name("");
  json(unlisten_verb);
  auto* upgrade_verb = verb("upgrade", "Replace the supervisor's own process, workers untouched",
                            [this] { return upgrade(common); });
  wait(upgrade_verb, "Until the next one has taken the workers over");
  json(upgrade_verb);
  auto* stop_verb = verb("stop", "End the cluster; its workers finish what they have",
                         [this] { return each([this] { return stop(common, false); }); });
  named(stop_verb, "Which app; all: all of them");
  wait(stop_verb, "Until the last worker is gone");
  json(stop_verb);
  auto* kill_verb =
      verb("kill", "End the cluster at once", [this] { return each([this] { return stop(common, true); }); });
  named(kill_verb, "Which app; all: all of them");
  wait(kill_verb, "Until the last worker is gone");
  json(kill_verb);
}

}  // namespace

int main(std::vector<std::string> arguments) {
  // What follows `--` belongs to the program that a verb starts, whatever it looks like.
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  std::vector<std::string> program(dashes == arguments.end() ? dashes : dashes + 1, arguments.end());
  arguments.erase(dashes, arguments.end());
  hide_minus(arguments);

  commands all;
  CLI::App& app = all.app;
  app.set_help_flag("-h,--help", "Print this help message and exit")->group("");
  app.set_version_flag("--version", std::string("clusterctl ") + version())->group("");
  app.require_subcommand(1);
  app.add_option("-s,--socket", all.common.where.socket, "Control socket of the cluster")->type_name("PATH");
  app.add_option("--name", all.common.where.name, "Name of the cluster")->type_name("NAME");
  all.check.program = program;
  all.add_looking_verbs();
  all.add_changing_verbs();
  all.add_app_verbs();
  all.add_machine_verbs();

  if (const auto what = misspelt(app, arguments); !what.empty()) return refuse(what);
  if (asks_for_help(arguments)) {
    std::fputs(first_screen(app).c_str(), stdout);
    return exit_clean;
  }
  try {
    auto reversed = arguments;
    std::reverse(reversed.begin(), reversed.end());  // as the parser wants them
    app.parse(reversed);
  } catch (const CLI::Success& done) {
    return app.exit(done);  // --help and --version
  } catch (const CLI::RequiredError& failed) {
    if (!app.get_subcommands().empty()) return refuse(failed.what());
    std::fputs(first_screen(app).c_str(), stderr);
    return exit_usage;
  } catch (const CLI::ParseError& failed) {
    return refuse(failed.what());
  }
  if (!program.empty() && !app.got_subcommand("check"))
    return refuse(app.get_subcommands().front()->get_name() + " takes no program");
  if (app.got_subcommand("wait") && all.common.timeout_seconds <= 0 &&
      app.get_subcommand("wait")->count("--timeout") == 0)
    all.common.timeout_seconds = 30;
  if (app.got_subcommand("list") && app.get_subcommand("list")->count("--watch") != 0 &&
      all.list.watch_seconds <= 0)
    all.list.watch_seconds = 1;
  try {
    return all.chosen();
  } catch (const std::exception& failed) {
    std::fprintf(stderr, "clusterctl: %s\n", failed.what());
    return exit_failed;
  }
}

}  // namespace cluster::ctl
