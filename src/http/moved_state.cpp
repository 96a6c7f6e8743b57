// SPDX-License-Identifier: BSL-1.0
#include "http/moved_state.hpp"

namespace cluster::http {
namespace {

constexpr char http_mark = 'h';
constexpr char websocket_mark = 'w';
constexpr char proxy_mark = 'p';

char octet(std::size_t value) noexcept {
  return static_cast<char>(static_cast<unsigned char>(value & 0xffU));
}

// Takes octets off the front of a text; a text that is too short spoils the whole.
class reader {
 public:
  explicit reader(std::string_view text) noexcept : text_(text) {}

  std::size_t number(std::size_t octets) noexcept {
    std::size_t n = 0;
    for (const char c : take(octets)) n = n << 8U | static_cast<unsigned char>(c);
    return n;
  }
  std::string_view take(std::size_t octets) noexcept {
    if (octets > text_.size()) good_ = false;
    if (!good_) return {};
    const std::string_view out = text_.substr(0, octets);
    text_.remove_prefix(octets);
    return out;
  }
  std::string_view rest() const noexcept { return text_; }
  bool good() const noexcept { return good_; }

 private:
  std::string_view text_;
  bool good_ = true;
};

}  // namespace

std::string pack_state(const moved_state& state) {
  std::string out;
  if (!state.client.empty() || state.client_secure) {
    out += proxy_mark;
    out += octet(state.client_secure ? 1 : 0);
    out += octet(state.client.size());
    out.append(state.client);
  }
  switch (state.what) {
    case moved_state::kind::http:
      if (!state.has_octets) return out;
      out += http_mark;
      break;
    case moved_state::kind::websocket:
      out += websocket_mark;
      out += octet(state.has_octets ? 1 : 0);
      out += octet(state.head.size() >> 8U);
      out += octet(state.head.size());
      out.append(state.head);
      out += octet(state.subprotocol.size());
      out.append(state.subprotocol);
      break;
  }
  return out.append(state.octets);
}

std::optional<moved_state> unpack_state(std::string_view text) noexcept {
  moved_state state;
  if (text.starts_with(proxy_mark)) {
    reader from(text.substr(1));
    state.client_secure = from.number(1) != 0;
    state.client = from.take(from.number(1));
    if (!from.good()) return std::nullopt;
    text = from.rest();
  }
  state.has_octets = !text.empty();
  if (text.empty()) return state;
  if (text.front() == http_mark) {
    state.octets = text.substr(1);
    return state;
  }
  if (text.front() != websocket_mark) return std::nullopt;
  reader from(text.substr(1));
  state.what = moved_state::kind::websocket;
  state.has_octets = from.number(1) != 0;
  state.head = from.take(from.number(2));
  state.subprotocol = from.take(from.number(1));
  state.octets = from.rest();
  if (!from.good()) return std::nullopt;
  return state;
}

}  // namespace cluster::http
