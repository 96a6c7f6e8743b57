// SPDX-License-Identifier: BSL-1.0
#include "unit/os/message_pair.hpp"
#include "unit/os/other_user.hpp"

#include <boost/asio/error.hpp>

#include <poll.h>
#include <sys/socket.h>

using namespace cluster;
using namespace cluster::os;
using namespace cluster::test;
namespace asio_error = boost::asio::error;

TEST_CASE("a message pair is two seqpacket sockets, non-blocking and closed at exec") {
  const std::size_t before = descriptor_count();
  {
    const message_pair pair;
    CHECK(descriptor_count() == before + 2);
    for (const int fd : {pair.one.get(), pair.other.get()}) {
      CHECK(is_message_socket(fd));
      CHECK((::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
      CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    }
  }
  CHECK(descriptor_count() == before);
}

TEST_CASE("only a Unix seqpacket socket is a message socket") {
  CHECK_FALSE(is_message_socket(-1));
  const unique_fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  CHECK_FALSE(is_message_socket(null.get()));
  const unique_fd stream(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  CHECK_FALSE(is_message_socket(stream.get()));
  const unique_fd tcp(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  CHECK_FALSE(is_message_socket(tcp.get()));
}

TEST_CASE("messages keep their order and their ends, in both directions") {
  const message_pair pair;
  REQUIRE_FALSE(send_message(pair.one.get(), bytes("first"), {}));
  REQUIRE_FALSE(send_message(pair.one.get(), bytes("second, longer"), {}));
  REQUIRE_FALSE(send_message(pair.other.get(), bytes("back"), {}));
  CHECK(receive(pair.other.get()).text == "first");
  CHECK(receive(pair.other.get()).text == "second, longer");
  CHECK(receive(pair.other.get()).ec == asio_error::would_block);
  CHECK(receive(pair.one.get()).text == "back");
}

TEST_CASE("a message longer than the buffer is reported as truncated") {
  const message_pair pair;
  REQUIRE_FALSE(send_message(pair.one.get(), bytes("0123456789"), {}));
  REQUIRE_FALSE(send_message(pair.one.get(), bytes("next"), {}));
  const arrived cut = receive(pair.other.get(), 4);
  REQUIRE_FALSE(cut.ec);
  CHECK(cut.message.truncated);
  CHECK(cut.text == "0123");
  const arrived exact = receive(pair.other.get(), 4);
  CHECK_FALSE(exact.message.truncated);
  CHECK(exact.text == "next");
}

TEST_CASE("a full socket says would_block and takes messages again when there is room") {
  const message_pair pair;
  const std::string text(1000, 'x');
  std::size_t sent = 0;
  error_code ec;
  while (!(ec = send_message(pair.one.get(), bytes(text), {}))) {
    ++sent;
    REQUIRE(sent < 100'000);
  }
  CHECK(ec == asio_error::would_block);
  CHECK(sent > 10);
  while (!receive(pair.other.get()).ec) --sent;
  CHECK(sent == 0);  // all of them arrived, and the refused one did not
  CHECK_FALSE(send_message(pair.one.get(), bytes(text), {}));
}

TEST_CASE("a message beyond the socket's limit is too large, and the socket lives on") {
  const message_pair pair;
  const std::string huge(8 * 1024 * 1024, 'x');
  CHECK(send_message(pair.one.get(), bytes(huge), {}) == error::message_too_large);
  CHECK_FALSE(send_message(pair.one.get(), bytes("small"), {}));
  CHECK(receive(pair.other.get()).text == "small");
}

TEST_CASE("the end comes after everything that was sent") {
  message_pair pair;
  REQUIRE_FALSE(send_message(pair.one.get(), bytes("last words"), {}));
  pair.one.reset();
  CHECK(receive(pair.other.get()).text == "last words");
  CHECK(receive(pair.other.get()).ec == error::channel_closed);
  CHECK(receive(pair.other.get()).ec == error::channel_closed);
  CHECK(send_message(pair.other.get(), bytes("anybody there?"), {}) == error::channel_closed);
}

TEST_CASE("a peer that died with unread input still delivers its last words") {
  message_pair pair;
  REQUIRE_FALSE(send_message(pair.one.get(), bytes("never read"), {}));
  REQUIRE_FALSE(send_message(pair.other.get(), bytes("one"), {}));
  REQUIRE_FALSE(send_message(pair.other.get(), bytes("two"), {}));
  pair.other.reset();
  // The kernel says ECONNRESET first; that is not the end.
  CHECK(receive(pair.one.get()).text == "one");
  CHECK(receive(pair.one.get()).text == "two");
  CHECK(receive(pair.one.get()).ec == error::channel_closed);
}

TEST_CASE("what is no message socket gives the system's error") {
  const unique_fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  CHECK(send_message(null.get(), bytes("x"), {}).value() == ENOTSOCK);
  CHECK(receive(null.get()).ec.value() == ENOTSOCK);
  CHECK(send_message(-1, bytes("x"), {}).value() == EBADF);
}
