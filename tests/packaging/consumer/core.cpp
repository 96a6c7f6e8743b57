// SPDX-License-Identifier: BSL-1.0
// A user's program on the library without HTTP.
#include <cluster/run.hpp>
#include <cluster/version.hpp>

#include <cstring>

int main(int argc, char** argv) {
  if (std::strcmp(cluster::version(), CLUSTER_VERSION_STRING) != 0) return 9;
  return cluster::run(argc, argv, {.name = "consumer", .listen = {"127.0.0.1:0"}},
                      [](cluster::worker&) { return 0; });
}
