// SPDX-License-Identifier: BSL-1.0
// Opening handshakes and frames from clients: the fence lets the same octets out whatever the pieces they
// come in, never octets of two messages before it was between them, and close codes only if they may be sent.
#include "wire/close_code.hpp"
#include "wire/frame_fence.hpp"
#include "wire/head_reader.hpp"
#include "wire/ws_handshake.hpp"

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
  handshake(all);
  static_cast<void>(wire::valid_extensions(all));
  return 0;
}
