// SPDX-License-Identifier: BSL-1.0
// A real service: a to-do list in an embedded database that all workers share.
//   ./02_todo_api --listen 127.0.0.1:8000 -- --database todos.db
//   curl -d '{"title":"Buy milk"}' http://127.0.0.1:8000/v1/todos
//   curl http://127.0.0.1:8000/v1/todos
// Own arguments, after `--`: --database FILE (todos.db), --demo (X-Worker field, a line for each request).
#include "todo_api.hpp"

#include <cluster/cluster.hpp>

#include <cstdio>
#include <stdexcept>
#include <string>
#include <unistd.h>

namespace {

struct arguments {
  std::string database = "todos.db";
  bool demo = false;
};

arguments read(std::span<const std::string> given) {
  arguments result;
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (given[i] == "--demo") result.demo = true;
    else if (given[i] == "--database" && i + 1 < given.size()) result.database = given[++i];
    else throw std::invalid_argument("'" + given[i] + "': known are --demo and --database FILE");
  }
  return result;
}

void say(const std::string& what) {
  std::printf("[PID=%d] %s\n", static_cast<int>(::getpid()), what.c_str());
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const cluster::options defaults{.name = "todo", .description = "A to-do list served by a cluster."};
  return cluster::run(argc, argv, defaults, [](cluster::worker& self) {
    const arguments own = read(self.arguments());
    todo::store items(own.database);
    cluster::http::router app;
    if (!own.demo) {
      todo::add_routes(app, items, {});
      return cluster::http::serve(self, app);
    }
    todo::add_routes(app, items, [worker = std::to_string(self.id().value)](auto& answer) {
      say("handling a request");
      answer.set("X-Worker", worker);
    });
    for (const cluster::listener& each : self.listeners())
      say("server running on " + (each.port ? "port " + std::to_string(each.port) : each.uri));
    return cluster::http::serve(self, app);
  });
}
