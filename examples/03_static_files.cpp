// SPDX-License-Identifier: BSL-1.0
// A folder as a web site: types, ETag, ranges, index pages, an access log.
//   ./03_static_files --listen 127.0.0.1:8000 -- --folder public [--log common|json]
//   curl -i http://127.0.0.1:8000/            curl -r 0-99 http://127.0.0.1:8000/big.bin
#include <cluster/cluster.hpp>
#include <cluster/http.hpp>

#include <cstdio>
#include <stdexcept>
#include <string>

namespace {

namespace http = cluster::http;

struct arguments {
  std::string folder = ".";
  std::string log;
};

arguments read(std::span<const std::string> given) {
  arguments result;
  for (std::size_t i = 0; i < given.size(); i += 2) {
    const bool has_value = i + 1 < given.size();
    if (given[i] == "--folder" && has_value) result.folder = given[i + 1];
    else if (given[i] == "--log" && has_value && (given[i + 1] == "common" || given[i + 1] == "json"))
      result.log = given[i + 1];
    else throw std::invalid_argument("'" + given[i] + "': known are --folder FOLDER and --log common|json");
  }
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  const cluster::options defaults{.name = "files", .description = "Serves the files of a folder."};
  return cluster::run(argc, argv, defaults, [](cluster::worker& self) {
    const arguments own = read(self.arguments());
    http::router app;
    app.get("/{path*}", http::files(own.folder, {.cache_control = "max-age=60"}));
    // Behind every answer, 404 included.
    app.after([](const http::request&, http::response& answer) {
      answer.set("X-Content-Type-Options", "nosniff");
    });
    http::server_options options;
    if (!own.log.empty()) {
      const auto line = own.log == "json" ? http::json_log_line : http::common_log_line;
      options.on_access = [line](const http::access& what) {
        // One write a line, so that lines of several workers do not mix.
        const std::string text = line(what, std::chrono::system_clock::now()) + "\n";
        std::fwrite(text.data(), 1, text.size(), stdout);
        std::fflush(stdout);
      };
    }
    return http::serve(self, app, options);
  });
}
