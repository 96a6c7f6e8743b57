// SPDX-License-Identifier: BSL-1.0
// uwebsockets PORT: its hello, one process and one thread. Built where UWS names a checkout of uWebSockets
// with uSockets in it.
#include <App.h>

#include <cstdlib>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  uWS::App()
      .get("/*",
           [](auto* response, auto*) {
             response->writeHeader("Content-Type", "text/plain")->end("Hello from one process\n");
           })
      .listen("127.0.0.1", std::atoi(argv[1]), [](auto*) {})
      .run();
}
