// SPDX-License-Identifier: BSL-1.0
#include "os/text_file.hpp"

#include "support/catch.hpp"
#include "unit/os/surroundings.hpp"

#include <cerrno>
#include <fstream>
#include <string>

using namespace cluster::os;

TEST_CASE("a file is read whole, also one of /proc that has no size") {
  const cluster::test::scratch_folder folder;
  for (const std::size_t size : {0U, 1U, 4095U, 4096U, 4097U, 100'000U}) {
    const std::string path = folder / std::to_string(size);
    const std::string text(size, 'a');
    std::ofstream(path) << text;
    CHECK(read_text_file(path) == text);
    CHECK(read_text_file(path, size) == text);
  }
  CHECK(read_text_file("/proc/self/status").value_or("").starts_with("Name:"));
}

TEST_CASE("what cannot be read, or is too much, is said by errno") {
  const cluster::test::scratch_folder folder;
  CHECK_FALSE(read_text_file(folder / "none"));
  CHECK(errno == ENOENT);
  CHECK_FALSE(read_text_file(folder.path()));
  CHECK(errno == EISDIR);
  std::ofstream(folder / "long") << "0123456789";
  CHECK_FALSE(read_text_file(folder / "long", 9));
  CHECK(errno == EFBIG);
}
