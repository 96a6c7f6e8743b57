// SPDX-License-Identifier: BSL-1.0
// A protocol of one's own, without HTTP: sends back each line with the worker's number in front.
//   ./07_raw_tcp --listen 127.0.0.1:7000 [--schedule round-robin]        then: nc 127.0.0.1 7000
#include <cluster/cluster.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <string>

namespace {

namespace asio = boost::asio;
constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

struct echo {
  cluster::worker& self;
  std::uint32_t open = 0;
  bool leaving = false;

  // The worker is done when nobody is left; who stays too long is cut off at the drain's deadline.
  void count(std::uint32_t now) {
    self.publish_load(open = now);
    if (leaving && open == 0) self.done();
  }

  asio::awaitable<void> serve(cluster::descriptor connection) {
    asio::posix::stream_descriptor stream(self.context(), connection.release());
    const std::string name = std::to_string(self.id().value) + ": ";
    std::string buffer;
    for (;;) {
      const auto [ec, size] =
          co_await asio::async_read_until(stream, asio::dynamic_buffer(buffer, 4096), '\n', no_throw);
      if (ec) break;
      const auto [failed, sent] =
          co_await asio::async_write(stream, asio::buffer(name + buffer.substr(0, size)), no_throw);
      if (failed) break;
      buffer.erase(0, size);
      if (leaving) break;
    }
    stream.close();
    count(open - 1);
  }

  asio::awaitable<void> accept() {
    for (;;) {
      auto [ec, connection] = co_await self.async_accept(no_throw);
      if (ec) break;  // it drains
      count(open + 1);
      asio::co_spawn(self.context(), serve(std::move(connection)), asio::detached);
    }
    self.release_listeners();
    leaving = true;
    count(open);
  }
};

}  // namespace

int main(int argc, char** argv) {
  return cluster::run(argc, argv, {.name = "echo"}, [](cluster::worker& self) {
    echo server{self};
    asio::co_spawn(self.context(), server.accept(), asio::detached);
    self.ready();
    self.context().run();
    return 0;
  });
}
