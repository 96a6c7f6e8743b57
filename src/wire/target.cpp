// SPDX-License-Identifier: BSL-1.0
#include "wire/target.hpp"

#include "wire/chars.hpp"
#include "wire/scan.hpp"

namespace cluster::wire {
namespace {

bool valid_escapes(std::string_view text) noexcept {
  for (std::size_t i = text.find('%'); i != std::string_view::npos; i = text.find('%', i + 3)) {
    if (text.size() - i < 3) return false;
    if (!is_char(text[i + 1], chars::hex) || !is_char(text[i + 2], chars::hex)) return false;
  }
  return true;
}

bool valid_port(std::string_view port) noexcept {
  unsigned number = 0;
  for (const char c : port) {
    if (!is_char(c, chars::digit)) return false;
    number = number * 10 + static_cast<unsigned>(c - '0');
    if (number > 65535) return false;
  }
  return true;
}

bool valid_ip_literal(std::string_view inside) noexcept {
  if (inside.empty()) return false;
  if (inside.front() == 'v' || inside.front() == 'V') {
    return inside.size() > 2 && all_chars(inside.substr(1), chars::reg_name);
  }
  for (const char c : inside)
    if (!is_char(c, chars::hex) && c != ':' && c != '.') return false;
  return inside.find(':') != std::string_view::npos;
}

}  // namespace

bool valid_authority(std::string_view text) noexcept {
  std::string_view host = text;
  std::string_view port;
  if (!text.empty() && text.front() == '[') {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return false;
    if (!valid_ip_literal(text.substr(1, close - 1))) return false;
    port = text.substr(close + 1);
    if (!port.empty() && port.front() != ':') return false;
    if (!port.empty()) port.remove_prefix(1);
    return valid_port(port);
  }
  // Nearly always: a name or an address without escapes, and perhaps a port.
  const char* const end = text.data() + text.size();
  const char* const host_end = skip(text.data(), end, chars::reg_name);
  if (host_end != text.data() && (host_end == end || *host_end == ':')) {
    if (host_end == end) return true;
    return valid_port({host_end + 1, static_cast<std::size_t>(end - host_end - 1)});
  }
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  if (host.empty()) return false;
  for (const char c : host)
    if (!is_char(c, chars::reg_name) && c != '%') return false;
  return valid_escapes(host) && valid_port(port);
}

refusal split_target(request_head& head) noexcept {
  const std::string_view target = head.target;
  std::string_view rest = target;
  if (target == "*") {
    if (head.method != verb::options) return {400, "asterisk-form is for OPTIONS only"};
    head.path = target;
    head.query = {};
    return {};
  }
  if (target.front() != '/') {
    std::size_t scheme = 0;
    if (target.size() > 7 && equals_lower(target.substr(0, 7), "http://")) scheme = 7;
    if (target.size() > 8 && equals_lower(target.substr(0, 8), "https://")) scheme = 8;
    if (scheme == 0) return {400, "target is neither a path nor an absolute URI"};
    rest = target.substr(scheme);
    const std::size_t end = rest.find_first_of("/?");
    head.host = rest.substr(0, end);
    if (!valid_authority(head.host)) return {400, "bad authority in the target"};
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end);
  }
  if (!valid_escapes(rest)) return {400, "broken percent escape in the target"};
  const std::size_t mark = rest.find('?');
  head.path = rest.substr(0, mark);
  head.query = mark == std::string_view::npos ? std::string_view{} : rest.substr(mark + 1);
  if (head.path.empty()) head.path = "/";
  return {};
}

}  // namespace cluster::wire
