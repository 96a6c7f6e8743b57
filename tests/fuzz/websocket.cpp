// SPDX-License-Identifier: BSL-1.0
// Opening handshakes and frames from clients: the fence lets the same octets out whatever the pieces they
// come in, never octets of two messages before it was between them, and close codes only if they may be sent.
// Behind the fence Beast reads the messages, as in a session: bounded, and the same whatever the pieces were.
#include "wire/close_code.hpp"
#include "wire/frame_fence.hpp"
#include "wire/head_reader.hpp"
#include "wire/ws_handshake.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

using namespace cluster;

namespace {

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

struct outcome {
  std::string octets;
  std::vector<std::size_t> boundaries;  // in `octets`, where it was between two messages
  std::size_t held = 0;

  bool operator==(const outcome&) const = default;
};

outcome through(std::string_view stream, std::size_t piece, std::size_t room) {
  wire::frame_fence fence(8);
  outcome out;
  std::vector<char> buffer(room);
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    fence.append(stream.substr(at, piece));
    while (const std::size_t n = fence.take(buffer.data(), room)) {
      out.octets.append(buffer.data(), n);
      if (fence.at_boundary()) out.boundaries.push_back(out.octets.size());
    }
  }
  out.held = fence.held().size();
  return out;
}

void frames(std::string_view stream) {
  const outcome whole = through(stream, stream.size() + 1, 1 << 16);
  require(whole.octets.size() + whole.held == stream.size(), "octets lost or made up");
  require(through(stream, 1, 3) == whole, "octet by octet is something else");
  require(through(stream, 7, 1) == whole, "in sevens is something else");
  // Only close codes may differ from what came.
  std::size_t changed = 0;
  for (std::size_t i = 0; i < whole.octets.size(); ++i) changed += whole.octets[i] != stream[i] ? 1U : 0U;
  require(changed <= whole.octets.size() / 2, "more was changed than codes");
}

constexpr std::size_t message_max = 4096;

/// The client's octets, through the fence, as Beast reads them; what Beast sends is collected.
class fenced_stream {
 public:
  using executor_type = boost::asio::io_context::executor_type;

  fenced_stream(boost::asio::io_context& context, std::string_view from, std::size_t piece)
      : executor_(context.get_executor()), from_(from), piece_(piece) {}

  executor_type get_executor() noexcept { return executor_; }
  const std::string& sent() const noexcept { return sent_; }

  template <class Buffers>
  std::size_t read_some(const Buffers& to, boost::system::error_code& ec) {
    for (auto each = boost::asio::buffer_sequence_begin(to); each != boost::asio::buffer_sequence_end(to);
         ++each) {
      const boost::asio::mutable_buffer room(*each);
      if (room.size() == 0) continue;
      for (;;) {
        if (const std::size_t n = fence_.take(static_cast<char*>(room.data()), room.size()); n != 0) return n;
        if (from_.empty() || fence_.too_many()) break;
        fence_.append(from_.substr(0, piece_));
        from_.remove_prefix(std::min(piece_, from_.size()));
      }
      ec = boost::asio::error::eof;
      return 0;
    }
    return 0;
  }
  template <class Buffers>
  std::size_t read_some(const Buffers& to) {
    boost::system::error_code ec;
    return read_some(to, ec);
  }
  template <class Buffers>
  std::size_t write_some(const Buffers& from, boost::system::error_code&) {
    return write_some(from);
  }
  template <class Buffers>
  std::size_t write_some(const Buffers& from) {
    const std::size_t before = sent_.size();
    for (auto each = boost::asio::buffer_sequence_begin(from); each != boost::asio::buffer_sequence_end(from);
         ++each) {
      const boost::asio::const_buffer octets(*each);
      sent_.append(static_cast<const char*>(octets.data()), octets.size());
    }
    return sent_.size() - before;
  }

 private:
  executor_type executor_;
  std::string_view from_;
  std::size_t piece_;
  wire::frame_fence fence_{8};
  std::string sent_;
};

void teardown(boost::beast::role_type, fenced_stream&, boost::system::error_code&) {}
void beast_close_socket(fenced_stream&) {}

// What a session makes of these octets: its messages, and all that was sent back.
std::string session(std::string_view octets, std::size_t piece) {
  namespace ws = boost::beast::websocket;
  boost::asio::io_context context;
  ws::stream<fenced_stream, false> stream(context, octets, piece);
  stream.read_message_max(message_max);
  boost::beast::http::request<boost::beast::http::empty_body> upgrade(boost::beast::http::verb::get, "/", 11);
  upgrade.set("Host", "a");
  upgrade.set("Connection", "Upgrade");
  upgrade.set("Upgrade", "websocket");
  upgrade.set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
  upgrade.set("Sec-WebSocket-Version", "13");
  boost::system::error_code ec;
  stream.accept(upgrade, ec);
  require(!ec, "handshake");
  std::string seen;
  for (boost::beast::flat_buffer message;; message.clear()) {
    stream.read(message, ec);
    if (ec) break;
    require(message.size() <= message_max, "a message beyond the limit");
    seen.append(stream.got_text() ? "text " : "binary ");
    seen.append(static_cast<const char*>(message.data().data()), message.size()).append("\n");
  }
  return seen + "sent " + stream.next_layer().sent();
}

void messages(std::string_view octets) {
  const std::string whole = session(octets, octets.size() + 1);
  require(session(octets, 1) == whole, "messages octet by octet are something else");
  require(session(octets, 5) == whole, "messages in fives are something else");
}

void handshake(std::string_view stream) {
  const auto block = std::make_unique<char[]>(stream.size());
  stream.copy(block.get(), stream.size());
  wire::head_reader reader({});
  wire::request_head head;
  std::size_t scanned = 0;
  const std::string_view text(block.get(), stream.size());
  if (reader.read(text, scanned, head) != wire::head_state::complete) return;
  const auto wrong = wire::check_handshake(head);
  require(wrong.status == 0 || wrong.status == 400 || wrong.status == 426, "status of a handshake");
  if (wrong.status == 0) {
    require(head.find("sec-websocket-key").size() == 24, "a key of another size");
    require(head.method == wire::verb::get, "another method");
  }
  const auto chosen = wire::choose_subprotocol(head, [](std::string_view) { return true; });
  require(chosen.find(',') == std::string_view::npos, "two subprotocols");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  frames(all);
  messages(all);
  handshake(all);
  static_cast<void>(wire::valid_extensions(all));
  return 0;
}
