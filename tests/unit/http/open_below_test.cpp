// SPDX-License-Identifier: BSL-1.0
#include "http/open_below.hpp"
#include "http/media_types.hpp"
#include "support/catch.hpp"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <unistd.h>

using namespace cluster::http;
namespace fs = std::filesystem;

namespace {

struct folder {
  folder() {
    std::string name = (fs::temp_directory_path() / "cluster-below-XXXXXX").string();
    root = ::mkdtemp(name.data());
    fs::create_directories(root / "public/deep");
    std::ofstream(root / "secret") << "secret";
    std::ofstream(root / "public/a") << "a";
    std::ofstream(root / "public/deep/b") << "b";
    fs::create_symlink("../secret", root / "public/out");
    fs::create_symlink(root / "secret", root / "public/absolute");
    fs::create_symlink("..", root / "public/up");
    fs::create_symlink("deep/b", root / "public/in");
    fd = ::open((root / "public").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  }
  ~folder() {
    ::close(fd);
    fs::remove_all(root);
  }
  fs::path root;
  int fd;
};

template <class Open>
std::string content(Open open, int at, const std::string& path) {
  const int fd = open(at, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return "none";
  char text[16];
  const ssize_t n = ::read(fd, text, sizeof text);
  ::close(fd);
  return n < 0 ? "unreadable" : std::string(text, static_cast<std::size_t>(n));
}

}  // namespace

TEST_CASE("nothing outside a folder is reached", "[http][files]") {
  const folder f;
  for (auto* open : {&open_below, &open_below_by_steps}) {
    const bool steps = open == &open_below_by_steps;
    INFO((steps ? "by steps" : "by the kernel"));
    CHECK(content(open, f.fd, "a") == "a");
    CHECK(content(open, f.fd, "deep/b") == "b");
    CHECK(content(open, f.fd, "in") == (steps ? "none" : "b"));  // a link that stays inside
    for (const std::string path : {"out", "absolute", "up/secret", "up/public/a", "../secret",
                                   "deep/../../secret", "/etc/passwd", "missing", "a/b", ""}) {
      INFO(path);
      CHECK(content(open, f.fd, path) == "none");
    }
    CHECK(content(open, f.fd, std::string(5000, 'a')) == "none");
  }
}

TEST_CASE("media types go by the ending", "[http][files]") {
  CHECK(media_type_of("a/b.html") == "text/html; charset=utf-8");
  CHECK(media_type_of("a.b/LOGO.PNG") == "image/png");
  CHECK(media_type_of("a.png/b") == "application/octet-stream");
  CHECK(media_type_of("a.tar.gz") == "application/gzip");
  CHECK(media_type_of("none.") == "application/octet-stream");
}
