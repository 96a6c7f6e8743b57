// SPDX-License-Identifier: BSL-1.0
#include "http/probe.hpp"

#include <cluster/http/server.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <charconv>
#include <memory>
#include <string_view>
#include <utility>

namespace cluster::http {
namespace {

using boost::asio::local::stream_protocol;

struct conversation : std::enable_shared_from_this<conversation> {
  conversation(boost::asio::io_context& context, std::string path_in,
               std::function<void(std::string)> answered_in)
      : ours(context), path(std::move(path_in)), answered(std::move(answered_in)) {}

  void ask(boost::asio::io_context& context, server& asked) {
    stream_protocol::socket theirs(context);
    error_code ec;
    boost::asio::local::connect_pair(ours, theirs, ec);
    if (ec) return end(ec.message());
    asked.take(theirs.release());
    text =
        "GET " + path + " HTTP/1.1\r\nHost: probe\r\nUser-Agent: cluster-probe\r\nConnection: close\r\n\r\n";
    boost::asio::async_write(ours, boost::asio::buffer(text),
                             [self = shared_from_this()](const error_code& failed, std::size_t) {
                               if (failed) return self->end(failed.message());
                               self->listen();
                             });
  }

  void listen() {
    text.clear();
    constexpr std::size_t longest_line = 4096;
    boost::asio::async_read_until(ours, boost::asio::dynamic_buffer(text, longest_line), "\r\n",
                                  [self = shared_from_this()](const error_code& failed, std::size_t) {
                                    if (failed) return self->end("no answer: " + failed.message());
                                    self->judge();
                                  });
  }

  // Our own server's status line: "HTTP/1.1 200 OK".
  void judge() {
    constexpr std::size_t at = std::string_view("HTTP/1.1 ").size();
    if (text.size() < at + 3) return end("no answer: a line without a status");
    int status = 0;
    std::from_chars(text.data() + at, text.data() + at + 3, status);
    if (status >= 200 && status < 400) return end({});
    end("the answer was " + text.substr(9, text.find("\r\n") - 9) + ", 200 to 399 is expected");
  }

  void end(const std::string& problem) {
    error_code ignored;
    ours.close(ignored);
    std::exchange(answered, nullptr)(problem.empty() ? problem : "GET " + path + ": " + problem);
  }

  stream_protocol::socket ours;
  std::string path;
  std::string text;
  std::function<void(std::string)> answered;
};

}  // namespace

void probe(boost::asio::io_context& context, server& asked, std::string path,
           std::function<void(std::string)> answered) {
  std::make_shared<conversation>(context, std::move(path), std::move(answered))->ask(context, asked);
}

}  // namespace cluster::http
