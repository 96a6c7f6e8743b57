// SPDX-License-Identifier: BSL-1.0
#include "wire/head_reader.hpp"

#include "wire/chars.hpp"
#include "wire/scan.hpp"
#include "wire/target.hpp"

#include <algorithm>
#include <cstring>

namespace cluster::wire {
namespace {

constexpr std::size_t longest_method = 32;

std::string_view between(const char* from, const char* to) noexcept {
  return {from, static_cast<std::size_t>(to - from)};
}

verb to_verb(std::string_view text) {
  if (text == "GET") return verb::get;
  if (text == "POST") return verb::post;
  return boost::beast::http::string_to_verb({text.data(), text.size()});
}

}  // namespace

head_reader::step head_reader::refuse(unsigned status, const char* reason) noexcept {
  why_ = {status, reason};
  return step::bad;
}

// A second look at the same section costs as much as the first; so, once it was found incomplete, it is
// read again only when it has ended, went over its limit, or shows a line end that is an error.
bool head_reader::worth_reading(std::string_view input, std::size_t scanned) const noexcept {
  if (scanned == 0 || input.size() >= limits_.header_bytes) return true;
  for (std::size_t i = input.find('\n', scanned); i != std::string_view::npos; i = input.find('\n', i + 1)) {
    if (i == 0 || input[i - 1] != '\r') return true;
    if (i >= 2 && input[i - 2] == '\n') return true;
  }
  // A CR that no LF follows; the last octet seen before may have been one.
  for (std::size_t i = input.find('\r', scanned - 1); i != std::string_view::npos;
       i = input.find('\r', i + 1))
    if (i + 1 != input.size() && input[i + 1] != '\n') return true;
  return false;
}

head_state head_reader::read(std::string_view input, std::size_t& scanned, request_head& head) {
  if (input == "\r") return head_state::incomplete;  // may become an empty line in front
  if (input.empty() || !worth_reading(input, scanned)) {
    scanned = input.size();
    return head_state::incomplete;
  }
  at_ = input.data();
  end_ = at_ + std::min(input.size(), limits_.header_bytes);
  hosts_ = lengths_ = codings_ = 0;
  close_ = keep_alive_ = expect_other_ = false;
  head.fields.clear();
  head.host = {};
  head.body = framing::none;
  head.expect_continue = false;
  head.content_length = 0;
  head.size = 0;

  bool in_request_line = true;
  step result = request_line(head);
  if (result == step::ok) {
    in_request_line = false;
    for (;;) {
      if (at_ == end_) {
        result = step::more;
        break;
      }
      if (*at_ == '\r') {
        if (end_ - at_ < 2) result = step::more;
        else if (at_[1] != '\n') result = refuse(400, "CR without LF");
        break;
      }
      result = field_line(head);
      if (result != step::ok) break;
    }
  }
  switch (result) {
    case step::ok:
      at_ += 2;
      head.size = static_cast<std::size_t>(at_ - input.data());
      return finish(head) ? head_state::complete : head_state::refused;
    case step::more:
      if (input.size() < limits_.header_bytes) {
        scanned = input.size();
        return head_state::incomplete;
      }
      if (in_request_line) refuse(414, "request line too long");
      else refuse(431, "header section too large");
      return head_state::refused;
    case step::bad: break;
  }
  return head_state::refused;
}

head_reader::step head_reader::request_line(request_head& head) {
  const char* from = at_;
  at_ = skip(at_, end_, chars::token);
  if (static_cast<std::size_t>(at_ - from) > longest_method) return refuse(501, "unknown method");
  if (at_ == end_) return step::more;
  if (at_ == from || *at_ != ' ') return refuse(400, "bad method");
  head.method_text = between(from, at_);

  from = ++at_;
  at_ = skip(at_, end_, chars::target);
  if (static_cast<std::size_t>(at_ - from) > limits_.target_bytes) return refuse(414, "target too long");
  if (at_ == end_) return step::more;
  if (at_ == from || *at_ != ' ') return refuse(400, "bad target");
  head.target = between(from, at_);
  ++at_;

  const step result = version(head);
  if (result != step::ok) return result;
  head.method = to_verb(head.method_text);
  if (head.method == verb::unknown) return refuse(501, "unknown method");
  if (head.method == verb::connect) return refuse(501, "CONNECT is not supported");
  const refusal wrong = split_target(head);
  return wrong.status == 0 ? step::ok : refuse(wrong.status, wrong.reason);
}

head_reader::step head_reader::version(request_head& head) {
  if (end_ - at_ >= 10 && std::memcmp(at_, "HTTP/1.1\r\n", 10) == 0) {
    head.version = 11;
    at_ += 10;
    return step::ok;
  }
  static constexpr std::string_view pattern = "HTTP/d.d\r\n";
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (at_ + i == end_) return step::more;
    const bool fits = pattern[i] == 'd' ? is_char(at_[i], chars::digit) : at_[i] == pattern[i];
    if (!fits) return refuse(400, "bad HTTP version");
  }
  if (at_[5] != '1') return refuse(505, "HTTP version not supported");
  head.version = at_[7] == '0' ? 10 : 11;
  at_ += pattern.size();
  return step::ok;
}

head_reader::step head_reader::field_line(request_head& head) {
  const char* const name = at_;
  at_ = skip(at_, end_, chars::token);
  if (at_ == end_) return step::more;
  if (at_ == name || *at_ != ':')
    return refuse(400, is_blank(*name) ? "folded line or white space before a field" : "bad field name");
  const char* const colon = at_++;
  while (at_ != end_ && is_blank(*at_)) ++at_;
  const char* const value = at_;
  at_ = skip_value(at_, end_);
  if (at_ == end_) return step::more;
  if (*at_ != '\r') return refuse(400, "bad octet in a field value");
  if (end_ - at_ < 2) return step::more;
  if (at_[1] != '\n') return refuse(400, "CR without LF");
  const char* last = at_;
  while (last != value && is_blank(last[-1])) --last;
  at_ += 2;

  if (head.fields.size() == limits_.fields) return refuse(431, "too many fields");
  head.fields.emplace_back(between(name, colon), between(value, last));
  return note(head, between(name, colon), between(value, last)) ? step::ok : step::bad;
}

}  // namespace cluster::wire
