// SPDX-License-Identifier: BSL-1.0
// The smallest cluster: one worker for each CPU, all on one port, ended ones replaced.
//   ./01_hello_cluster --listen 127.0.0.1:8000 --workers 4      then: curl http://127.0.0.1:8000/
#include <cluster/cluster.hpp>
#include <cluster/http.hpp>

int main(int argc, char** argv) {
  return cluster::run(argc, argv, {.name = "hello"}, [](cluster::worker& self) {
    cluster::http::router app;
    app.get("/", [](const cluster::http::request&) { return cluster::http::text("Hello, World!\n"); });
    return cluster::http::serve(self, app);  // returns after the drain
  });
}
