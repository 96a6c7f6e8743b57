// SPDX-License-Identifier: BSL-1.0
// clusterctl with a real cluster.
#include "scenario/control/controlled.hpp"
#include "support/text.hpp"

#include <boost/json/serialize.hpp>

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

using namespace cluster::test;
using namespace std::chrono_literals;

namespace {

struct told {
  int exit_code;
  std::string output;
};

program_settings ctl_settings(std::vector<std::string> arguments, std::vector<std::string> environment = {}) {
  environment.emplace_back("COLUMNS=80");
  return {CLUSTER_TEST_BINARY_DIR "/clusterctl", std::move(arguments), std::move(environment), {}};
}

told clusterctl(std::vector<std::string> arguments, std::vector<std::string> environment = {}) {
  program run(ctl_settings(std::move(arguments), std::move(environment)));
  const int code = run.wait_exit().code;
  return {code, run.output()};
}

told of(const controlled& it, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"-s", it.socket()});
  return clusterctl(std::move(arguments));
}

}  // namespace

TEST_CASE("upgrade replaces the supervisor and says so when the next one serves", "[ctl]") {
  controlled it;
  of(it, {"wait", "ready"});
  const auto before = it.cluster.ready_workers();
  const told done = of(it, {"upgrade", "--wait"});
  INFO(done.output << it.cluster.output());
  CHECK(done.exit_code == 0);
  CHECK(done.output == "the supervisor was replaced; 2 of 2 workers are ready\n");
  CHECK(it.cluster.count("took over 2 of 2 workers") == 1);
  for (const auto& each : before) CHECK(process_exists(each.pid));
  it.stop();
}

TEST_CASE("upgrade without a rendezvous is refused with the reason", "[ctl]") {
  controlled it({"--rendezvous", "off"});
  of(it, {"wait", "ready"});
  const told refused = of(it, {"upgrade", "--wait"});
  CHECK(refused.exit_code == 1);
  CHECK(contains(refused.output, "there is no rendezvous"));
  it.stop();
}

TEST_CASE("list, describe, metrics and wait show a running cluster", "[ctl]") {
  controlled it;
  const told waited = of(it, {"wait", "ready"});
  CHECK(waited.exit_code == 0);
  CHECK(waited.output == "2/2 ready\n");
  const told list = of(it, {"list"});
  INFO(list.output);
  CHECK(list.exit_code == 0);
  CHECK(list.output.starts_with("workbench  pid " + std::to_string(it.cluster.pid()) + "  2/2 ready  up "));
  CHECK(contains(list.output, it.cluster.uri()));
  CHECK(std::count(list.output.begin(), list.output.end(), '\n') == 4);
  const told json = of(it, {"list", "--json"});
  CHECK(boost::json::parse(json.output).at("target").as_int64() == 2);
  CHECK(of(it, {"list", "--columns", "slot,state"}).output.find("SLOT  STATE\n") != std::string::npos);
  CHECK(of(it, {"list", "--columns", "slto"}).exit_code == 2);
  CHECK(contains(of(it, {"describe", "1"}).output, "state       ready"));
  CHECK(of(it, {"describe", "99"}).exit_code == 1);
  CHECK(contains(of(it, {"metrics"}).output, "cluster_ready 1\n"));
  CHECK(of(it, {"ping"}).output == "alive\n");
  CHECK(boost::json::parse(of(it, {"ping", "--json"}).output).at("ready").as_int64() == 2);
  CHECK(of(it, {"pid"}).output == std::to_string(it.cluster.pid()) + "\n");
  const auto first = it.cluster.ready_workers().front();
  CHECK(of(it, {"pid", std::to_string(first.id)}).output == std::to_string(first.pid) + "\n");
  CHECK(of(it, {"pid", "99"}).exit_code == 1);
  it.stop();
}

TEST_CASE("reload --wait shows slot by slot how it goes, and exits with its result", "[ctl]") {
  const scratch_folder place;
  std::filesystem::copy_file(controlled::built(), place / "app");
  controlled it({"--workers", "2"}, place / "app");
  it.cluster.wait_ready(2);
  const told good = of(it, {"reload", "--wait", "--timeout", "20"});
  INFO(good.output);
  CHECK(good.exit_code == 0);
  CHECK(contains(good.output, "slot 0  worker 3 starts (pid "));
  CHECK(contains(good.output, "slot 0  worker 3 has taken over, 1 of 2, "));
  CHECK(contains(good.output, "slot 1  worker 4 has taken over, 2 of 2, "));
  CHECK(contains(good.output, "reload completed: 2 of 2 slots, "));

  std::ofstream(place / "next") << "#!/bin/sh\nexit 7\n";
  std::filesystem::permissions(place / "next", std::filesystem::perms::owner_all);
  std::filesystem::rename(place / "next", place / "app");
  const told bad = of(it, {"reload", "--wait"});
  INFO(bad.output);
  CHECK(bad.exit_code == 1);
  CHECK(contains(bad.output, "clusterctl: reload failed at stage start: "));
  CHECK(contains(bad.output, "exit code 7"));
  CHECK(contains(bad.output, "the cluster runs generation 2"));
  CHECK(contains(of(it, {"list"}).output, "2/2 ready"));
  const told json = of(it, {"reload", "--wait", "--json"});
  CHECK(json.exit_code == 1);
  CHECK(boost::json::parse(json.output).at("outcome").as_string() == "failed");
  it.stop();
}

TEST_CASE("scale, restart, abort and stop do what they say", "[ctl]") {
  controlled it;
  it.cluster.wait_ready(2);
  CHECK(of(it, {"scale", "+1", "--wait"}).output == "scaled from 2 to 3 workers\n");
  CHECK(of(it, {"scale", "-1", "--wait"}).output == "scaled from 3 to 2 workers\n");
  CHECK(of(it, {"scale", "2"}).output == "there are 2 workers already\n");
  CHECK(of(it, {"scale", "-5"}).exit_code == 1);
  CHECK(of(it, {"scale", "4-1"}).exit_code == 2);
  CHECK(of(it, {"scale", "2-4"}).output == "from now on as many workers as the load wants, 2 to 4\n");
  CHECK(contains(of(it, {"list"}).output, "2/2 ready  scales 2-4  up "));
  CHECK(of(it, {"scale", "2"}).exit_code == 0);
  CHECK_FALSE(contains(of(it, {"list"}).output, "scales"));
  CHECK(of(it, {"pause", "2"}).output == "worker 2 is paused\n");
  CHECK(contains(of(it, {"list"}).output, " paused "));
  CHECK(of(it, {"resume", "2"}).output == "worker 2 goes on\n");
  CHECK(of(it, {"pause", "77"}).exit_code == 1);
  CHECK(of(it, {"scale", "many"}).exit_code == 2);
  CHECK(of(it, {"restart", "1", "--wait"}).output == "worker 1 is replaced\n");
  CHECK(contains(of(it, {"restart", "1"}).output, "no worker 1 is alive"));
  CHECK(of(it, {"reload", "--soak", "60s"}).exit_code == 0);
  CHECK(contains(of(it, {"reload"}).output, "under way"));
  CHECK(of(it, {"abort"}).exit_code == 0);
  CHECK(of(it, {"abort"}).exit_code == 1);
  CHECK(of(it, {"reload", "--soak", "soon"}).exit_code == 1);
  const told stopped = of(it, {"stop", "--wait"});
  CHECK(stopped.exit_code == 0);
  CHECK(stopped.output == "stopped\n");
  CHECK(it.cluster.wait_exit().code == 0);
}

TEST_CASE("listen and unlisten change where a running cluster listens", "[ctl]") {
  controlled it;
  it.cluster.wait_ready(2);
  const told added = of(it, {"listen", "tcp://127.0.0.1:0?name=late"});
  INFO(added.output);
  CHECK(added.exit_code == 0);
  REQUIRE(added.output.starts_with("listens at tcp://127.0.0.1:"));
  CHECK(added.output.ends_with(" (late)\n"));
  const auto port = static_cast<std::uint16_t>(std::stoi(added.output.substr(27)));
  CHECK(get(port, "/").status == 200);
  const told busy = of(it, {"listen", "127.0.0.1:" + std::to_string(port)});
  CHECK(busy.exit_code == 1);
  CHECK(contains(busy.output, "another program listens there"));
  CHECK(contains(of(it, {"unlisten", "lade"}).output,
                 "there is no listener named 'lade'; there are tcp-0 late"));
  CHECK(of(it, {"unlisten", "a/b"}).exit_code == 2);
  CHECK(of(it, {"unlisten", "late"}).output ==
        "listens no more at tcp://127.0.0.1:" + std::to_string(port) + " (late)\n");
  CHECK_FALSE(connection(port).open());
  it.stop();
}

TEST_CASE("events are shown as they happen, list --watch goes on until it is told", "[ctl]") {
  controlled it({"--workers", "1"});
  it.cluster.wait_ready(1);
  program follower(ctl_settings({"-s", it.socket(), "events", "--history"}));
  follower.wait_for("ready             worker 1 in slot 0 is ready (pid ");
  program watcher(ctl_settings({"-s", it.socket(), "list", "--watch", "0.1"}));
  watcher.wait_for("1/1 ready");
  watcher.wait_for("1/1 ready");
  watcher.signal(SIGINT);
  CHECK(watcher.wait_exit().code == 0);
  REQUIRE(of(it, {"kill"}).exit_code == 0);
  follower.wait_for("stopped");
  CHECK(follower.wait_exit().code == 0);
  CHECK(it.cluster.wait_exit().code == 0);
}

TEST_CASE("without a cluster: exit 3, and where it looked; nothing is started", "[ctl]") {
  const scratch_folder home;
  const std::string variable = "XDG_RUNTIME_DIR=" + home.path();
  const told none = clusterctl({"list", "--name", "absent"}, {variable});
  CHECK(none.exit_code == 3);
  CHECK(contains(none.output, "no cluster 'absent' is running; looked at " + (home / "cluster/absent.sock")));
  const told path = clusterctl({"-s", home / "c.sock", "stop"});
  CHECK(path.exit_code == 3);
  CHECK(contains(path.output, "no cluster is served at " + (home / "c.sock")));
  const told ping = clusterctl({"-s", home / "c.sock", "ping"});
  CHECK(ping.exit_code == 3);
  CHECK(contains(ping.output, "no cluster is served at " + (home / "c.sock")));
  CHECK(clusterctl({"pid", "--name", "absent"}, {variable}).exit_code == 3);
  const told late = clusterctl({"wait", "ready", "--timeout", "0.1", "-s", home / "c.sock"});
  CHECK(late.exit_code == 3);
  CHECK(std::filesystem::is_empty(home.path()));
  const told typo = clusterctl({"-s", home / "c.sock", "lsit"});
  CHECK(typo.exit_code == 2);
  CHECK(contains(typo.output, "did you mean 'list'?"));
}

TEST_CASE("the only cluster of this user is found by itself, several want a choice", "[ctl]") {
  const scratch_folder home;
  const std::string variable = "XDG_RUNTIME_DIR=" + home.path();
  const auto start = [&](const std::string& socket) {
    return program_settings{
        controlled::built(),
        {"--listen", "127.0.0.1:0", "--workers", "1", "--control", home / "cluster/" + socket},
        {variable},
        {}};
  };
  std::filesystem::create_directory(home / "cluster");
  std::filesystem::permissions(home / "cluster", std::filesystem::perms::owner_all);
  program one(start("one.sock"));
  one.wait_ready(1);
  const told found = clusterctl({"list"}, {variable, "CLUSTER_CONTROL="});
  // Other clusters of this user on the machine may be in the way; then it says so.
  if (found.exit_code == 0) CHECK(contains(found.output, std::to_string(one.pid())));
  else CHECK(contains(found.output, home / "cluster/one.sock"));
  CHECK(clusterctl({"list", "--name", "one"}, {variable}).exit_code == 0);
  program two(start("two.sock"));
  two.wait_ready(1);
  const told both = clusterctl({"list"}, {variable, "CLUSTER_CONTROL="});
  CHECK(contains(both.output, "\none   "));
  CHECK(contains(both.output, "\ntwo   "));
  const told several = clusterctl({"metrics"}, {variable, "CLUSTER_CONTROL="});
  CHECK(several.exit_code == 2);
  CHECK(contains(several.output, "several clusters are running"));
  CHECK(contains(clusterctl({"list"}, {"CLUSTER_CONTROL=" + (home / "cluster/two.sock")}).output,
                 "pid " + std::to_string(two.pid())));
  for (program* each : {&one, &two}) {
    each->signal(SIGTERM);
    CHECK(each->wait_exit().code == 0);
  }
}

TEST_CASE("doctor looks at who may enter where control sockets lie, and what lies there", "[ctl]") {
  const scratch_folder home;
  const std::string variable = "XDG_RUNTIME_DIR=" + home.path();
  const auto finding = [&](const std::string& name) {
    const auto report = boost::json::parse(clusterctl({"doctor", "--json"}, {variable}).output);
    for (const auto& each : report.at("findings").as_array())
      if (each.at("name").as_string() == name) return boost::json::serialize(each);
    return std::string("(none)");
  };
  const std::string folder = home / "cluster";
  CHECK(contains(finding("control-folder"), "is not there yet\",\"ok\":true"));
  std::filesystem::create_directory(folder);
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all);
  CHECK(contains(finding("control-folder"), "mode 0700\",\"ok\":true"));
  std::filesystem::permissions(folder, std::filesystem::perms::all);
  CHECK(contains(finding("control-folder"), "mode 0777\",\"ok\":false"));
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all);
  const int stale = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  (folder + "/old.sock").copy(where.sun_path, sizeof where.sun_path - 1);
  REQUIRE(::bind(stale, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0);
  ::close(stale);
  CHECK(contains(finding("control-sockets"), "old.sock"));
}

TEST_CASE("bash completes verbs, options and the workers that are alive", "[ctl]") {
  controlled it({"--workers", "2"});
  it.cluster.wait_ready(2);
  const auto completed = [&](const std::string& words, int at) {
    const std::string script = std::string("PATH=") + CLUSTER_TEST_BINARY_DIR + ":$PATH; . " +
                               CLUSTER_TEST_SOURCE_DIR + "/src/ctl/completion/clusterctl.bash; COMP_WORDS=(" +
                               words + "); COMP_CWORD=" + std::to_string(at) +
                               "; _clusterctl; echo \"${COMPREPLY[@]}\"";
    program bash({"/bin/bash", {"-c", script}, {}, {}});
    bash.wait_exit();
    return bash.output();
  };
  CHECK(completed("clusterctl re", 1) == "reload restart resume\n");
  CHECK(completed("clusterctl reload --w", 2) == "--wait\n");
  CHECK(completed("clusterctl -s '" + it.socket() + "' restart ''", 4) == "1 2\n");
  CHECK(completed("clusterctl -s '" + it.socket() + "' pause ''", 4) == "1 2\n");
  CHECK(completed("clusterctl -s '" + it.socket() + "' logs --slot ''", 5) == "0 1\n");
  CHECK(completed("clusterctl wait ''", 2) == "ready\n");
  it.stop();
}
