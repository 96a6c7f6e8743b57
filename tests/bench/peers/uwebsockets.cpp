// SPDX-License-Identifier: BSL-1.0
// uwebsockets PORT: its hello, 64 KiB at /large, counted octets at /post and echoed messages at /ws, in one
// process and one thread. Built where UWS names a checkout of uWebSockets with uSockets in it.
#include <App.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace {

struct nothing {};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string large(65536, 'x');
  uWS::App()
      .get("/large", [&large](auto* response,
                              auto*) { response->writeHeader("Content-Type", "text/plain")->end(large); })
      .post("/post",
            [](auto* response, auto*) {
              response->onAborted([] {});
              response->onData([response, size = std::size_t{0}](std::string_view piece, bool last) mutable {
                size += piece.size();
                if (last) response->writeHeader("Content-Type", "text/plain")->end(std::to_string(size));
              });
            })
      .ws<nothing>("/ws", {.message = [](auto* session, std::string_view message,
                                         uWS::OpCode code) { session->send(message, code); }})
      .get("/*",
           [](auto* response, auto*) {
             response->writeHeader("Content-Type", "text/plain")->end("Hello from one process\n");
           })
      .listen("127.0.0.1", std::atoi(argv[1]), [](auto*) {})
      .run();
}
