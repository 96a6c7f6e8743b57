// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "run/command_line.hpp"
#include "run/settings.hpp"
#include "support/catch.hpp"
#include "support/text.hpp"
#include "unit/os/surroundings.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace cluster::test {

using run_detail::command;
using what = run_detail::command::what;

/// No variable of ours is set, except those that a test sets.
class clean_environment {
 public:
  clean_environment() {
    clear("CLUSTER_CONFIG");
    for (const run_detail::setting& one : run_detail::settings())
      clear(run_detail::environment_name(one.name));
  }
  void set(const std::string& name, const std::string& value) {
    guards_.push_back(std::make_unique<environment_guard>(name, value.c_str()));
  }
  ~clean_environment() {
    while (!guards_.empty()) guards_.pop_back();  // in the opposite order
  }
  clean_environment(const clean_environment&) = delete;
  clean_environment& operator=(const clean_environment&) = delete;

 private:
  void clear(const std::string& name) {
    guards_.push_back(std::make_unique<environment_guard>(name, nullptr));
  }
  std::vector<std::unique_ptr<environment_guard>> guards_;
};

inline command read(const std::vector<std::string>& arguments, const options& defaults = {}) {
  std::vector<const char*> argv{"program"};
  for (const std::string& each : arguments) argv.push_back(each.c_str());
  argv.push_back(nullptr);
  return run_detail::read_command(static_cast<int>(argv.size()) - 1, argv.data(), defaults);
}

inline options served(const std::vector<std::string>& arguments, const options& defaults = {}) {
  const command result = read(arguments, defaults);
  INFO(result.text);
  REQUIRE(result.to_do == what::serve);
  return result.settings;
}

/// The one line of the complaint.
inline std::string refused(const std::vector<std::string>& arguments, const options& defaults = {}) {
  const command result = read(arguments, defaults);
  CHECK(result.to_do == what::refuse);
  CHECK_FALSE(result.text.empty());
  CHECK(result.text.find('\n') == std::string::npos);
  return result.text;
}

/// Any setting's value as text, the way a person would compare it.
inline std::string shown(const options& o, const std::string& name) {
  const auto ms = [](std::chrono::milliseconds value) { return std::to_string(value.count()); };
  const auto list = [](const auto& values, const auto& text) {
    std::string all;
    for (const auto& each : values) all += (all.empty() ? "" : ",") + text(each);
    return all;
  };
  if (name == "listen") return list(o.listen, [](const std::string& s) { return s; });
  if (name == "tls-certificate")
    return list(o.tls.certificates, [](const tls_certificate& c) { return c.certificate; });
  if (name == "tls-key") return list(o.tls.certificates, [](const tls_certificate& c) { return c.key; });
  if (name == "trusted-proxies") return list(o.proxies.trusted, [](const std::string& s) { return s; });
  if (name == "forwarded") return std::to_string(static_cast<int>(o.proxies.forwarded));
  if (name == "tls-clients") return std::to_string(static_cast<int>(o.tls.clients));
  if (name == "tls-client-ca") return o.tls.client_ca;
  if (name == "tls-minimum") return o.tls.minimum == tls_options::version::tls_1_3 ? "1.3" : "1.2";
  if (name == "tls-ticket-rotation") return std::to_string(o.tls.ticket_rotation.count());
  if (name == "workers") return std::to_string(o.workers);
  if (name == "ready-timeout") return ms(o.ready_timeout);
  if (name == "probe") return o.probe;
  if (name == "drain-timeout") return ms(o.drain_timeout);
  if (name == "kill-timeout") return ms(o.kill_timeout);
  if (name == "hang-timeout") return ms(o.hang_timeout);
  if (name == "hang-core") return o.hang_core ? "on" : "off";
  if (name == "working-directory") return o.working_directory;
  if (name == "worker-output") return o.worker_output;
  if (name == "launcher") return list(o.launcher, [](const std::string& s) { return s; });
  if (name == "output-prefix") return o.output_prefix ? "on" : "off";
  if (name == "schedule") return std::string(to_string(o.schedule));
  if (name == "sticky") return o.router.choose ? "on" : "off";
  if (name == "max-connections") return std::to_string(o.max_connections);
  if (name == "max-connections-total") return std::to_string(o.max_connections_total);
  if (name == "max-requests") return std::to_string(o.max_requests);
  if (name == "max-age") return ms(o.max_age);
  if (name == "max-rss") return std::to_string(o.max_rss);
  if (name == "max-rss-hard") return std::to_string(o.max_rss_hard);
  if (name == "request-timeout") return ms(o.request_timeout);
  if (name == "keeper") return o.keeper ? "on" : "off";
  if (name == "nice") return o.nice ? std::to_string(*o.nice) : "";
  if (name == "oom-score") return o.oom_score ? std::to_string(*o.oom_score) : "";
  if (name == "cpu-affinity") return o.cpu_affinity ? "on" : "off";
  if (name == "no-new-privileges") return o.no_new_privileges ? "on" : "off";
  if (name == "rendezvous") return o.rendezvous;
  if (name == "orphan-timeout") return ms(o.orphan_timeout);
  if (name == "user") return o.user;
  if (name == "group") return o.group;
  if (name == "pid-file") return o.pid_file;
  if (name == "control") return o.control;
  if (name == "admin") return o.admin;
  if (name == "logs") return o.capture_output ? "capture" : "inherit";
  if (name == "log-file") return o.log_file;
  if (name == "error-file") return o.error_file;
  if (name == "log-level") return std::string(to_string(o.log.level));
  if (name == "log-format") return o.log.format == log_format::json ? "json" : "text";
  if (name == "backlog") return std::to_string(o.backlog);
  if (name == "restart-initial-delay") return ms(o.restart.initial_delay);
  if (name == "restart-max-delay") return ms(o.restart.max_delay);
  if (name == "restart-min-uptime") return ms(o.restart.min_uptime);
  if (name == "restart-window") return ms(o.restart.window);
  if (name == "restart-rest") return ms(o.restart.rest);
  if (name == "restart-max-failures") return std::to_string(o.restart.max_failures);
  if (name == "restart-max-failures-cluster") return std::to_string(o.restart.max_failures_cluster);
  if (name == "reload-max-surge") return std::to_string(o.reload.max_surge);
  if (name == "reload-max-unavailable") return std::to_string(o.reload.max_unavailable);
  if (name == "reload-pause") return ms(o.reload.pause);
  if (name == "reload-soak") return ms(o.reload.soak);
  if (name == "reload-rollback") return o.reload.rollback ? "on" : "off";
  if (name == "no-restart-codes")
    return list(o.restart.no_restart_codes, [](int code) { return std::to_string(code); });
  return "(a setting that this test does not know: " + name + ")";
}

/// One setting with three different good values, and what comes out of each.
struct setting_case {
  std::string name;
  std::string json;  ///< in the file
  std::string environment;
  std::string flag;
  std::string from_json;
  std::string from_environment;
  std::string from_flag;
};

inline const std::vector<setting_case>& setting_cases() {
  static const std::vector<setting_case> all{
      {"listen", R"(["1001", "unix:/a"])", "1002,unix:/b", "1003", "1001,unix:/a", "1002,unix:/b", "1003"},
      {"tls-certificate", "\"/a\"", "/b", "c", "/a", "/b", "c"},
      {"tls-key", "\"/a\"", "/b", "c", "/a", "/b", "c"},
      {"tls-clients", "\"optional\"", "required", "", "1", "2", ""},
      {"trusted-proxies", R"(["10.0.0.0/8", "unix"])", "192.0.2.1,::1", "", "10.0.0.0/8,unix",
       "192.0.2.1,::1", ""},
      {"forwarded", "\"off\"", "off", "", "0", "0", ""},
      {"tls-client-ca", "\"/a\"", "/b", "", "/a", "/b", ""},
      {"tls-minimum", "\"1.3\"", "1.3", "", "1.3", "1.3", ""},
      {"tls-ticket-rotation", "\"1h\"", "0", "", "3600", "0", ""},
      {"workers", "2", "3", "4", "2", "3", "4"},
      {"ready-timeout", "\"2s\"", "3000ms", "4", "2000", "3000", "4000"},
      {"probe", "\"/a\"", "/b", "/c", "/a", "/b", "/c"},
      {"drain-timeout", "2", "3m", "0", "2000", "180000", "0"},
      {"kill-timeout", "\"200ms\"", "300ms", "1h", "200", "300", "3600000"},
      {"hang-timeout", "5", "500ms", "0", "5000", "500", "0"},
      {"nice", "-5", "19", "", "-5", "19", ""},
      {"oom-score", "-1000", "500", "", "-1000", "500", ""},
      {"cpu-affinity", "\"on\"", "on", "", "on", "on", ""},
      {"no-new-privileges", "\"on\"", "on", "", "on", "on", ""},
      {"hang-core", "\"on\"", "off", "", "on", "off", ""},
      {"working-directory", "\"/a\"", "/b", "", "/a", "/b", ""},
      {"worker-output", "\"/dev/null\"", "a%s", "", "/dev/null", "a%s", ""},
      {"launcher", R"(["nice", "-n", "5"])", "perf,stat", "", "nice,-n,5", "perf,stat", ""},
      {"output-prefix", "\"on\"", "on", "", "on", "on", ""},
      {"schedule", R"("reuse-port")", "round-robin", "reuse-port", "reuse-port", "round-robin", "reuse-port"},
      {"sticky", R"("off")", "off", "off", "off", "off", "off"},  // more than that needs another setting
      {"max-connections", "100", "200", "0", "100", "200", "0"},
      {"max-connections-total", "300", "400", "0", "300", "400", "0"},
      {"max-requests", "1000", "2000", "0", "1000", "2000", "0"},
      {"max-age", "\"24h\"", "30s", "0", "86400000", "30000", "0"},
      {"max-rss", "\"512M\"", "2G", "0", "536870912", "2147483648", "0"},
      {"max-rss-hard", "\"3G\"", "4G", "0", "3221225472", "4294967296", "0"},
      {"request-timeout", "5", "500ms", "0", "5000", "500", "0"},
      {"keeper", "\"on\"", "off", "on", "on", "off", "on"},
      {"rendezvous", "\"/run/a\"", "/run/b", "c", "/run/a", "/run/b", "c"},
      {"orphan-timeout", "5", "500ms", "0", "5000", "500", "0"},
      {"user", "\"www\"", "web", "nobody", "www", "web", "nobody"},
      {"group", "\"www\"", "web", "nogroup", "www", "web", "nogroup"},
      {"pid-file", "\"/a.pid\"", "/b.pid", "c.pid", "/a.pid", "/b.pid", "c.pid"},
      {"control", "\"/a.sock\"", "/b.sock", "off", "/a.sock", "/b.sock", "off"},
      {"admin", "9100", "127.0.0.1:9200", "unix:/a", "9100", "127.0.0.1:9200", "unix:/a"},
      {"logs", "\"capture\"", "inherit", "capture", "capture", "inherit", "capture"},
      {"log-file", "\"/a.log\"", "/b.log", "c.log", "/a.log", "/b.log", "c.log"},
      {"log-level", "\"debug\"", "warning", "off", "debug", "warning", "off"},
      {"log-format", "\"json\"", "text", "json", "json", "text", "json"},
      {"error-file", "\"/a.err\"", "/b.err", "", "/a.err", "/b.err", ""},
      {"backlog", "100", "200", "", "100", "200", ""},
      {"restart-initial-delay", "\"1ms\"", "2ms", "", "1", "2", ""},
      {"restart-max-delay", "\"10s\"", "20s", "", "10000", "20000", ""},
      {"restart-min-uptime", "\"1m\"", "2m", "", "60000", "120000", ""},
      {"restart-window", "\"1h\"", "2h", "", "3600000", "7200000", ""},
      {"restart-rest", "1", "2", "", "1000", "2000", ""},
      {"restart-max-failures", "5", "0", "", "5", "0", ""},
      {"restart-max-failures-cluster", "50", "60", "", "50", "60", ""},
      {"reload-max-surge", "2", "3", "", "2", "3", ""},
      {"reload-max-unavailable", "1", "2", "", "1", "2", ""},
      {"reload-pause", "\"1s\"", "2s", "", "1000", "2000", ""},
      {"reload-soak", "\"1s\"", "2s", "", "1000", "2000", ""},
      {"reload-rollback", "\"off\"", "off", "", "off", "off", ""},
      {"no-restart-codes", "[1, \"2\"]", "3,4", "", "1,2", "3,4", ""},
  };
  return all;
}

}  // namespace cluster::test
