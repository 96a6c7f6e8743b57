// SPDX-License-Identifier: BSL-1.0
#include "unit/os/message_pair.hpp"
#include "unit/os/other_user.hpp"

#include <boost/asio/error.hpp>

#include <sys/stat.h>

using namespace cluster;
using namespace cluster::os;
using namespace cluster::test;
namespace asio_error = boost::asio::error;

namespace {

bool same_file(int one, int other) {
  struct stat a {};
  struct stat b {};
  return ::fstat(one, &a) == 0 && ::fstat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

}  // namespace

TEST_CASE("descriptors arrive in order, owned, and closed at exec") {
  const std::size_t before = descriptor_count();
  {
    const scratch_folder folder;
    const message_pair pair;
    std::vector<unique_fd> files;
    std::vector<int> numbers;
    for (const char* name : {"a", "b", "c"}) {
      files.emplace_back(::open((folder / name).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
      numbers.push_back(files.back().get());
    }
    REQUIRE_FALSE(send_message(pair.one.get(), bytes("three"), numbers));
    REQUIRE_FALSE(send_message(pair.one.get(), bytes("none"), {}));
    CHECK(::fcntl(numbers[0], F_GETFD) >= 0);  // the sender keeps its own
    const arrived three = receive(pair.other.get());
    REQUIRE(three.message.descriptors.size() == 3);
    CHECK_FALSE(three.message.truncated);
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(three.message.descriptors[i].get() != numbers[i]);
      CHECK(same_file(three.message.descriptors[i].get(), numbers[i]));
      CHECK((::fcntl(three.message.descriptors[i].get(), F_GETFD) & FD_CLOEXEC) != 0);
    }
    CHECK(receive(pair.other.get()).message.descriptors.empty());
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("253 descriptors fit one message and 254 are refused before anything is sent") {
  const std::size_t before = descriptor_count();
  {
    const message_pair pair;
    const unique_fd file = null_device();
    REQUIRE_FALSE(send_message(pair.one.get(), bytes("full"), copies(file, 253)));
    {
      const arrived full = receive(pair.other.get());
      CHECK(full.message.descriptors.size() == 253);
      CHECK_FALSE(full.message.truncated);
    }
    CHECK(send_message(pair.one.get(), bytes("too many"), copies(file, 254)) == error::message_too_large);
    CHECK(receive(pair.other.get()).ec == asio_error::would_block);
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("a closed descriptor among those to send is an error, and nothing is sent") {
  const message_pair pair;
  const unique_fd file = null_device();
  const int closed = null_device().get();
  CHECK(send_message(pair.one.get(), bytes("x"), std::vector<int>{file.get(), closed}).value() == EBADF);
  CHECK(receive(pair.other.get()).ec == asio_error::would_block);
}

TEST_CASE("descriptors lost to the limit of open files are reported and none of the others leaks") {
  const std::size_t before = descriptor_count();
  {
    const message_pair pair;
    const unique_fd file = null_device();
    REQUIRE_FALSE(send_message(pair.one.get(), bytes("six"), copies(file, 6)));
    const std::size_t open_now = descriptor_count();
    {
      const int highest = *open_descriptors().rbegin();
      // Fill the gaps below, so that exactly two numbers are left.
      std::vector<unique_fd> fillers;
      while (true) {
        unique_fd filler(::dup(file.get()));
        if (filler.get() > highest) break;
        fillers.push_back(std::move(filler));
      }
      const open_files_guard narrow(static_cast<rlim_t>(highest) + 3);
      const arrived six = receive(pair.other.get());
      REQUIRE_FALSE(six.ec);
      CHECK(six.text == "six");
      CHECK(six.message.truncated);
      CHECK(six.message.descriptors.size() == 2);
    }
    CHECK(descriptor_count() == open_now);
    REQUIRE_FALSE(send_message(pair.one.get(), bytes("again"), copies(file, 6)));
    CHECK(receive(pair.other.get()).message.descriptors.size() == 6);
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("a message that is received over an old one closes the old descriptors") {
  const std::size_t before = descriptor_count();
  {
    const message_pair pair;
    const unique_fd file = null_device();
    REQUIRE_FALSE(send_message(pair.one.get(), bytes("one"), copies(file, 5)));
    REQUIRE_FALSE(send_message(pair.one.get(), bytes("two"), copies(file, 1)));
    const std::size_t open_now = descriptor_count();
    received_message message;
    std::vector<std::byte> buffer(100);
    REQUIRE_FALSE(receive_message(pair.other.get(), buffer, message));
    CHECK(descriptor_count() == open_now + 5);
    REQUIRE_FALSE(receive_message(pair.other.get(), buffer, message));
    CHECK(descriptor_count() == open_now + 1);
    CHECK(receive_message(pair.other.get(), buffer, message) == asio_error::would_block);
    CHECK(message.descriptors.empty());
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("too many descriptors on their way are not a full socket, and pass") {
  const message_pair pair;
  const unique_fd file = null_device();
  error_code ec;
  std::size_t sent = 0;
  bool tried = false;
  {
    // The kernel allows an ordinary user as many in flight as it may have open.
    const open_files_guard narrow(static_cast<rlim_t>(*open_descriptors().rbegin()) + 50);
    tried = without_privileges([&] {
      while (sent < 100 && !(ec = send_message(pair.one.get(), bytes("x"), copies(file, 50)))) ++sent;
    });
  }
  if (!tried) return skipped("this root cannot give up its privileges");
  CHECK(ec == asio_error::no_buffer_space);
  CHECK(sent < 20);  // the socket itself would have taken hundreds
  for (std::size_t i = 0; i < sent; ++i) CHECK(receive(pair.other.get()).message.descriptors.size() == 50);
  CHECK_FALSE(send_message(pair.one.get(), bytes("x"), copies(file, 50)));
}
