// SPDX-License-Identifier: BSL-1.0
// A user's program on the library with the component http.
#include <cluster/http.hpp>
#include <cluster/run.hpp>

int main(int argc, char** argv) {
  return cluster::run(argc, argv, {.name = "consumer", .listen = {"127.0.0.1:0"}}, [](cluster::worker& self) {
    cluster::http::router app;
    app.get("/", [](const cluster::http::request&) { return cluster::http::text("Hello, World!\n"); });
    return cluster::http::serve(self, app);
  });
}
