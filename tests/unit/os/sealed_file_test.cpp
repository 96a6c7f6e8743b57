// SPDX-License-Identifier: BSL-1.0
#include "os/sealed_file.hpp"
#include "support/catch.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

using namespace cluster;

TEST_CASE("a sealed file carries its content and cannot be changed", "[sealed_file]") {
  const std::string content = std::string(300'000, 'a') + '\0' + "end";
  os::unique_fd file;
  REQUIRE_FALSE(os::make_sealed_file(content, file));
  CHECK(::write(file.get(), "x", 1) == -1);
  CHECK(::ftruncate(file.get(), 1) == -1);
  CHECK(::fcntl(file.get(), F_GETFD) == FD_CLOEXEC);
  std::string back;
  REQUIRE_FALSE(os::read_sealed_file(file.get(), content.size(), back));
  CHECK(back == content);
}

TEST_CASE("what is no sealed file of that size is refused", "[sealed_file]") {
  std::string back;
  os::unique_fd sealed;
  REQUIRE_FALSE(os::make_sealed_file("abc", sealed));
  CHECK(os::read_sealed_file(sealed.get(), 4, back));
  CHECK(os::read_sealed_file(sealed.get(), 2, back));
  const os::unique_fd open_one(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  REQUIRE(::write(open_one.get(), "abc", 3) == 3);
  CHECK(os::read_sealed_file(open_one.get(), 3, back));
  const os::unique_fd device(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  CHECK(os::read_sealed_file(device.get(), 3, back));
  CHECK(os::read_sealed_file(-1, 3, back));
}
