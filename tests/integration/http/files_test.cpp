// SPDX-License-Identifier: BSL-1.0
#include "client.hpp"
#include "running_server.hpp"
#include "support/catch.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

using namespace cluster;
using namespace std::chrono_literals;
using test::client;
using test::get;
namespace fs = std::filesystem;

namespace {

std::string pattern(std::size_t size) {
  std::string content(size, '\0');
  for (std::size_t i = 0; i < size; ++i) content[i] = static_cast<char>(i * 31 % 251);
  return content;
}

struct site {
  site() {
    std::string name = (fs::temp_directory_path() / "cluster-files-XXXXXX").string();
    root = ::mkdtemp(name.data());
    write("index.html", "<p>home");
    write("big.bin", big);
    write("empty.txt", "");
    write("sub/index.html", "<p>sub");
    write("sub/with space.txt", "space");
    write(".hidden", "hidden");
    fs::create_directory(root / "bare");
  }
  ~site() { fs::remove_all(root); }
  void write(const std::string& name, const std::string& content) const {
    fs::create_directories((root / name).parent_path());
    std::ofstream(root / name, std::ios::binary) << content;
  }
  test::running_server::set_up routes() const {
    return [this](http::router& app) {
      app.get("/s/{path*}", http::files(root, {.cache_control = "max-age=60"}));
      app.get("/one", [this](const http::request& q) {
        return http::file(q, root / "big.bin", {.content_type = "video/x-test"});
      });
      app.get("/none", [this](const http::request& q) { return http::file(q, root / "missing"); });
      app.get("/folder", [this](const http::request& q) { return http::file(q, root); });
      app.get("/", [] { return http::text("root"); });
    };
  }
  fs::path root;
  const std::string big = pattern(3'000'000);
};

}  // namespace

TEST_CASE("files below a folder", "[http][files]") {
  const site s;
  test::running_server server(s.routes());
  client c(server.port());
  const auto home = c.ask(get("/s/"));
  CHECK(home.body == "<p>home");
  CHECK(home.has("Content-Type: text/html; charset=utf-8\r\n"));
  CHECK(home.has("Cache-Control: max-age=60\r\n"));
  CHECK(home.has("ETag: \""));
  CHECK(home.has("Last-Modified: "));
  CHECK(home.has("Accept-Ranges: bytes\r\n"));
  CHECK(c.ask(get("/s/big.bin")).body == s.big);
  CHECK(c.ask(get("/s/empty.txt")).status == 200);
  CHECK(c.ask(get("/s/sub/with%20space.txt")).body == "space");
  CHECK(c.ask(get("/s/sub/")).body == "<p>sub");
  const auto folder = c.ask(get("/s/sub?a=b"));
  CHECK(folder.status == 308);
  CHECK(folder.has("Location: ./sub/?a=b\r\n"));
  for (const char* path :
       {"/s/missing", "/s/bare/", "/s/.hidden", "/s/..%2f..%2fetc%2fpasswd", "/s/%2e%2e/x", "/s//index.html",
        "/s/index.html/", "/s/index.html%00", "/s/./index.html", "/none", "/folder"}) {
    INFO(path);
    CHECK(c.ask(get(path)).status == 404);
  }
  CHECK_THROWS_AS(http::files(s.root / "missing"), boost::system::system_error);
}

TEST_CASE("files: HEAD, conditions, ranges", "[http][files]") {
  const site s;
  test::running_server server(s.routes());
  client c(server.port());
  c.send("HEAD /one HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto head = c.read(true);
  CHECK(head.has("Content-Length: 3000000\r\n"));
  CHECK(head.has("Content-Type: video/x-test\r\n"));
  const std::size_t at = head.head.find("ETag: ") + 6;
  const std::string etag = head.head.substr(at, head.head.find("\r\n", at) - at);

  c.send(get("/one", "If-None-Match: " + etag + "\r\n"));
  const auto unchanged = c.read(true);
  CHECK(unchanged.status == 304);
  CHECK(unchanged.has("ETag: " + etag));
  CHECK_FALSE(unchanged.has("Content-Length"));
  CHECK(c.ask(get("/one", "If-Match: \"other\"\r\n")).status == 412);

  const auto part = c.ask(get("/one", "Range: bytes=1000000-1999999\r\n"));
  CHECK(part.status == 206);
  CHECK(part.has("Content-Range: bytes 1000000-1999999/3000000\r\n"));
  CHECK(part.body == s.big.substr(1'000'000, 1'000'000));
  CHECK(c.ask(get("/one", "Range: bytes=-5\r\n")).body == s.big.substr(2'999'995));
  const auto beyond = c.ask(get("/one", "Range: bytes=3000000-\r\n"));
  CHECK(beyond.status == 416);
  CHECK(beyond.has("Content-Range: bytes */3000000\r\n"));
  CHECK(c.ask(get("/")).body == "root");
}

TEST_CASE("files stand in line with other answers", "[http][files]") {
  const site s;
  test::running_server server(s.routes());
  client c(server.port());
  std::string batch;
  for (int i = 0; i < 3; ++i) batch += get("/") + get("/one") + get("/s/empty.txt") + get("/s/");
  c.send(batch);
  for (int i = 0; i < 3; ++i) {
    CHECK(c.read().body == "root");
    CHECK(c.read().body == s.big);
    CHECK(c.read().body.empty());
    CHECK(c.read().body == "<p>home");
  }
  client closing(server.port());
  closing.send(get("/one", "Connection: close\r\n") + get("/"));
  CHECK(closing.read().body == s.big);
  CHECK(closing.closed());
}

TEST_CASE("a reader that stalls in a file is reset; one that is slow is not", "[http][files]") {
  const site s;
  s.write("huge.bin", pattern(32'000'000));
  http::server_options options;
  options.write_progress_time = 150ms;
  test::running_server server(s.routes(), options);
  client stalls(server.port(), 4096);
  stalls.send(get("/s/huge.bin"));
  CHECK(server.eventually([](const auto& n) { return n.requests == 1 && n.open == 0; }));
  CHECK(server.counters().timed_out == 1);
  client slow(server.port());
  slow.send(get("/s/big.bin"));
  CHECK(slow.read().body == s.big);
}

TEST_CASE("a file that shrinks on its way ends the connection", "[http][files]") {
  const site s;
  s.write("huge.bin", std::string(32'000'000, 'x'));
  test::running_server server(s.routes());
  client c(server.port(), 4096);
  c.send(get("/s/huge.bin"));
  REQUIRE(server.eventually([](const auto& n) { return n.bytes_sent > 0; }));
  fs::resize_file(s.root / "huge.bin", 10);
  char buffer[65536];
  std::size_t got = 0;
  ssize_t n;
  while ((n = ::recv(c.fd(), buffer, sizeof buffer, 0)) > 0) got += static_cast<std::size_t>(n);
  CHECK(got < 32'000'000);
  CHECK(n == -1);  // no orderly end that could be taken for the whole
}
