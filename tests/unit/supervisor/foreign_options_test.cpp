// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <cluster/options.hpp>

using namespace cluster;
using namespace std::chrono_literals;

namespace {

std::string complaint(void (*change)(options&)) {
  options settings;
  settings.executable = "/bin/true";
  settings.foreign.emplace();
  change(settings);
  return validate(settings).value_or("");
}

}  // namespace

TEST_CASE("what a foreign program cannot do is refused by name", "[foreign]") {
  CHECK(complaint([](options&) {}).empty());
  CHECK(complaint([](options& o) { o.executable.clear(); }).starts_with("foreign: "));
  CHECK(complaint([](options& o) { o.probe = "/healthz"; }).starts_with("probe: "));
  CHECK(complaint([](options& o) { o.listen = {"3000+proxy"}; }).starts_with("listen: '3000+proxy': "));
  CHECK(complaint([](options& o) {
          o.listen = {"3000+tls"};
          o.tls.certificates = {{"a.pem", "a.key"}};
        }).starts_with("listen: '3000+tls': "));
  CHECK(complaint([](options& o) { o.max_requests = 5; }).starts_with("max_requests: "));
  CHECK(complaint([](options& o) { o.max_connections = 1; }).starts_with("max_connections: "));
  CHECK(complaint([](options& o) { o.max_connections_total = 1; }).starts_with("max_connections: "));
  CHECK(complaint([](options& o) { o.foreign->stop_signal = 0; }).starts_with("foreign.stop_signal: 0 "));
  CHECK(complaint([](options& o) { o.foreign->stop_signal = 65; }).starts_with("foreign.stop_signal: 65 "));
  CHECK(complaint([](options& o) { o.foreign->ready_after = -1ms; }).starts_with("foreign.ready_after: "));
  CHECK(complaint([](options& o) { o.foreign->ready_after = 31s; }).starts_with("foreign.ready_after: "));
  CHECK(complaint([](options& o) {
          o.foreign->ready_after = 31s;
          o.foreign->wait_ready = true;
        }).empty());
}
