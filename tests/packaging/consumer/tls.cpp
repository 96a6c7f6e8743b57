// SPDX-License-Identifier: BSL-1.0
// A user's program with TLS; nothing in it says so but what it is linked with. It also tells whether it came
// true.
#include <cluster/http.hpp>
#include <cluster/run.hpp>
#include <cluster/tls.hpp>

int main(int argc, char** argv) {
  if (!cluster::tls_available()) return 1;
  return cluster::run(argc, argv, {.name = "consumer", .listen = {"127.0.0.1:0"}}, [](cluster::worker& self) {
    return cluster::http::serve(self, cluster::http::router());
  });
}
