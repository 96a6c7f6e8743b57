// SPDX-License-Identifier: BSL-1.0
// Datagrams: sockets that the supervisor's process has bound, as descriptor 4 in each worker. By default one
// socket for all; with `per-slot` one for each of four slots, among which the kernel spreads the clients, so
// that a client stays with one slot, also through rolling replacements.
//   ./11_udp --workers 4 -- 9000 [per-slot]        then: echo hello | nc -u -w1 127.0.0.1 9000
#include <cluster/cluster.hpp>

#include <boost/asio/ip/udp.hpp>

#include <array>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include <sys/socket.h>

namespace {

using boost::asio::ip::udp;
constexpr int place = 4;

struct echo {
  void wait() {
    socket.async_receive_from(boost::asio::buffer(buffer), peer,
                              [this](cluster::error_code ec, std::size_t size) {
                                if (ec) return;  // it drains
                                const std::string answer = name + std::string(buffer.data(), size);
                                cluster::error_code ignored;
                                socket.send_to(boost::asio::buffer(answer), peer, 0, ignored);
                                if (!leaving) wait();
                              });
  }
  udp::socket socket;
  std::string name;
  udp::endpoint peer{};
  std::array<char, 2048> buffer{};
  bool leaving = false;
};

int serve(cluster::worker& self) {
  echo server{udp::socket(self.context(), udp::v4(), place),
              "worker " + std::to_string(self.id().value) + ": "};
  server.socket.non_blocking(true);
  server.wait();
  self.async_wait_drain([&](cluster::error_code, const cluster::drain_notice&) {
    server.leaving = true;
    server.socket.cancel();  // not closed: what has been received is still answered
    self.done();
  });
  self.ready();
  self.context().run();
  return 0;
}

// What is in the queue of a socket that is shared, or goes on with the slot, waits for the next worker.
std::vector<udp::socket> bind(boost::asio::io_context& context, unsigned short port, bool per_slot) {
  std::vector<udp::socket> all;
  for (int i = 0; i < (per_slot ? 4 : 1); ++i) {
    udp::socket& socket = all.emplace_back(context, udp::v4());
    const int on = 1;
    if (per_slot) ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    socket.bind(
        {boost::asio::ip::address_v4::loopback(), i == 0 ? port : all.front().local_endpoint().port()});
  }
  std::cout << "datagrams to 127.0.0.1:" << all.front().local_endpoint().port() << std::endl;
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  cluster::options defaults{.name = "udp", .listen = {}};
  boost::asio::io_context context;
  std::vector<udp::socket> sockets;
  int separator = 1;
  while (separator < argc && std::string(argv[separator]) != "--") ++separator;
  if (!cluster::worker::started_by_supervisor() && separator + 1 < argc)
    sockets =
        bind(context, static_cast<unsigned short>(std::atoi(argv[separator + 1])), separator + 2 < argc);
  defaults.for_worker = [&](cluster::worker_id, cluster::slot_id slot, cluster::worker_settings& how) {
    how.descriptors.emplace_back(sockets.at(slot.value % sockets.size()).native_handle(), place);
  };
  return cluster::run(argc, argv, defaults, serve);
}
