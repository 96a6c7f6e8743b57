// SPDX-License-Identifier: BSL-1.0
// One line that names the flag, the value and what is accepted.
#include "unit/run/reading.hpp"

using namespace cluster;
using namespace cluster::test;

namespace {

struct bad_case {
  std::vector<std::string> arguments;
  std::vector<std::string> parts;  ///< all of them must be in the line
};

struct bad_variable {
  std::string name;
  std::string value;
  std::string accepted;
};

}  // namespace

TEST_CASE("a bad flag is refused with flag, value and what is accepted") {
  const auto each = GENERATE(values<bad_case>({
      {{"--listen", "3000+tls"}, {"listen", "'3000+tls'", "a certificate and its key"}},
      {{"--listen", "3000+tsl"}, {"listen", "'3000+tsl'", "+tls"}},
      {{"--admin", "9100+tls"}, {"admin", "'9100+tls'", "without +tls"}},
      {{"--workers", "many"}, {"--workers", "'many'", "1 to 1024", "auto"}},
      {{"--workers", "0"}, {"--workers", "'0'", "1 to 1024"}},
      {{"--workers", "1025"}, {"--workers", "'1025'", "1 to 1024"}},
      {{"--workers", "8-2"}, {"--workers", "'8-2'", "2-8"}},
      {{"--workers", "0-2"}, {"--workers", "'0-2'"}},
      {{"--workers", "2-"}, {"--workers", "'2-'"}},
      {{"--workers", "2-1025"}, {"--workers", "'2-1025'", "1 to 1024"}},
      {{"--workers", "2-4-8"}, {"--workers", "'2-4-8'"}},
      {{"--workers", "-1"}, {"--workers", "'-1'"}},
      {{"--workers", "4.5"}, {"--workers", "'4.5'"}},
      {{"--workers="}, {"--workers", "''", "1 to 1024"}},
      {{"--workers", "18446744073709551617"}, {"--workers", "1 to 1024"}},
      {{"--drain-timeout", "soon"}, {"--drain-timeout", "'soon'", "30s"}},
      {{"--drain-timeout=-1s"}, {"--drain-timeout", "'-1s'", "30s"}},
      {{"--ready-timeout", "99999h"}, {"--ready-timeout", "'99999h'"}},
      {{"--ready-timeout", "0"}, {"ready", "0", "1 ms to a year"}},
      {{"--probe", "healthz"}, {"--probe", "'healthz'", "a path such as /healthz"}},
      {{"--probe", "/a b"}, {"probe", "'/a b'", "without spaces"}},
      {{"--kill-timeout", "0"}, {"kill", "0", "1 ms to a year"}},
      {{"--max-rss", "lots"}, {"--max-rss", "'lots'", "512M"}},
      {{"--max-rss-hard", "5000"}, {"max_rss_hard", "5000", "at least 1M"}},
      {{"--max-rss", "64M", "--max-rss-hard", "64M"}, {"max_rss_hard", "not above max_rss"}},
      {{"--request-timeout", "never"}, {"--request-timeout", "'never'", "30s"}},
      {{"--max-rss", "5000"}, {"max_rss", "5000", "at least 1M"}},
      {{"--schedule", "Shared"}, {"--schedule", "'Shared'", "shared, round-robin or reuse-port"}},
      {{"--sticky", "cookie:"}, {"--sticky", "'cookie:'", "address, cookie:NAME or off"}},
      {{"--sticky", "address"}, {"router", "round-robin"}},
      {{"--max-connections", "-1"}, {"--max-connections", "'-1'", "a number up to"}},
      {{"--max-requests", "1e6"}, {"--max-requests", "'1e6'", "a number"}},
      {{"--hang-timeout", "never"}, {"--hang-timeout", "'never'", "30s"}},
      {{"--log-level", "loud"}, {"--log-level", "'loud'", "debug, info, warning, error or off"}},
      {{"--log-level", "INFO"}, {"--log-level", "'INFO'"}},
      {{"--log-format", "xml"}, {"--log-format", "'xml'", "text or json"}},
      {{"--listen", "localhost"}, {"listen", "'localhost'", "port is missing", "host:port"}},
      {{"--listen", "1", "--listen", "ftp://x:1"}, {"listen", "'ftp://x:1'", "'ftp'", "unix:/path"}},
      {{"--listen="}, {"listen", "''", "empty"}},
  }));
  clean_environment environment;
  const std::string line = refused(each.arguments);
  INFO(line);
  for (const std::string& part : each.parts) {
    INFO("wanted: " << part);
    CHECK(contains(line, part));
  }
}

TEST_CASE("a flag without its value is refused with what it needs") {
  clean_environment environment;
  for (const run_detail::setting& one : run_detail::settings()) {
    if (one.help.empty() || one.name == "keeper") continue;  // that one may stand alone
    const std::string flag = "--" + std::string(one.name);
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{flag}, std::vector<std::string>{flag, "--", "x"}}) {
      const std::string line = refused(arguments);
      INFO(line);
      CHECK(contains(line, flag + ": needs a value, " + std::string(one.argument)));
    }
  }
  CHECK(contains(refused({"--config"}), "--config: needs a value, FILE"));
}

TEST_CASE("an unknown flag is refused with the one that was probably meant") {
  clean_environment environment;
  CHECK(refused({"--worker", "4"}) == "unknown flag '--worker'; did you mean --workers?");
  CHECK(refused({"--worker=4"}) == "unknown flag '--worker'; did you mean --workers?");
  CHECK(refused({"--pidfile", "x"}) == "unknown flag '--pidfile'; did you mean --pid-file?");
  CHECK(refused({"--chekc"}) == "unknown flag '--chekc'; did you mean --check?");
  CHECK(refused({"--hlep"}) == "unknown flag '--hlep'; did you mean --help?");
  CHECK(refused({"--frobnicate"}) == "unknown flag '--frobnicate'; --help lists the flags");
  CHECK(contains(refused({"-w", "4"}), "unknown flag '-w'"));
  CHECK(contains(refused({"--=4"}), "unknown flag '--'"));
  CHECK(contains(refused({"-"}), "unknown flag '-'"));
}

TEST_CASE("a bare word says where the program's own arguments go") {
  clean_environment environment;
  const std::string line = refused({"serve"});
  CHECK(contains(line, "'serve'"));
  CHECK(contains(line, "--"));
  CHECK(contains(refused({"--workers", "2", "3"}), "'3'"));
  CHECK(contains(refused({""}), "''"));
}

TEST_CASE("a bad variable is refused with its name, value and what is accepted") {
  const auto each = GENERATE(values<bad_variable>({
      {"CLUSTER_WORKERS", "many", "1 to 1024"},
      {"CLUSTER_WORKERS", "", "1 to 1024"},
      {"CLUSTER_DRAIN_TIMEOUT", "soon", "30s"},
      {"CLUSTER_LOG_FORMAT", "xml", "text or json"},
      {"CLUSTER_TLS_CLIENTS", "all", "off, optional or required"},
      {"CLUSTER_TLS_MINIMUM", "1.1", "1.2 or 1.3"},
      {"CLUSTER_TLS_TICKET_ROTATION", "10ms", "whole seconds"},
      {"CLUSTER_FORWARDED", "on", "off, forwarded or x-forwarded"},
      {"CLUSTER_BACKLOG", "0", "1 to 1000000"},
      {"CLUSTER_BACKLOG", "1000001", "1 to 1000000"},
      {"CLUSTER_RESTART_WINDOW", "x", "30s"},
      {"CLUSTER_RESTART_MAX_FAILURES", "1000001", "0 (no limit) to 1000000"},
      {"CLUSTER_NO_RESTART_CODES", "1,256", "0 to 255"},
      {"CLUSTER_NO_RESTART_CODES", "1,,2", "0 to 255"},
      {"CLUSTER_RELOAD_ROLLBACK", "maybe", "on or off"},
      {"CLUSTER_RELOAD_MAX_SURGE", "1025", "0 to 1024"},
  }));
  clean_environment environment;
  environment.set(each.name, each.value);
  const std::string line = refused({});
  INFO(line);
  CHECK(contains(line, each.name));
  CHECK(contains(line, "'" + each.value + "'"));
  CHECK(contains(line, each.accepted));
}

TEST_CASE("options that contradict each other are refused as a whole") {
  clean_environment environment;
  environment.set("CLUSTER_RESTART_INITIAL_DELAY", "10s");
  environment.set("CLUSTER_RESTART_MAX_DELAY", "1s");
  CHECK(contains(refused({}), "max_delay"));
  options bad_name;
  bad_name.name = "no spaces here";
  CHECK(contains(refused({"--workers", "1"}, bad_name), "name: 'no spaces here'"));
}
