// SPDX-License-Identifier: BSL-1.0
#include "tls/material.hpp"

#include <algorithm>

namespace cluster::tls {
namespace {

constexpr std::string_view mark = "cluster-tls-1\n";
constexpr std::size_t longest_name = 4096;

class writer {
 public:
  explicit writer(std::string& out) : out_(out) {}

  void number(std::uint64_t value) {
    for (unsigned shift = 0; shift < 64; shift += 8) out_ += static_cast<char>(value >> shift & 0xFFU);
  }
  void text(std::string_view value) {
    number(value.size());
    out_.append(value);
  }
  template <std::size_t Size>
  void octets(const std::array<unsigned char, Size>& value) {
    for (const unsigned char each : value) out_ += static_cast<char>(each);
  }
  void key(const ticket_key& value) {
    octets(value.name);
    octets(value.mac);
    octets(value.cipher);
  }

 private:
  std::string& out_;
};

class reader {
 public:
  explicit reader(std::string_view text) : rest_(text) {}

  std::uint64_t number(std::uint64_t most) {
    const std::string_view from = take(8);
    std::uint64_t value = 0;
    for (std::size_t i = from.size(); i > 0; --i)
      value = value << 8U | static_cast<unsigned char>(from[i - 1]);
    if (value > most) good_ = false;
    return good_ ? value : 0;
  }
  std::string text(std::size_t most) { return std::string(take(static_cast<std::size_t>(number(most)))); }
  template <std::size_t Size>
  void octets(std::array<unsigned char, Size>& out) {
    const std::string_view from = take(Size);
    std::transform(from.begin(), from.end(), out.begin(),
                   [](char c) { return static_cast<unsigned char>(c); });
  }
  void key(ticket_key& out) {
    octets(out.name);
    octets(out.mac);
    octets(out.cipher);
  }
  bool complete() const { return good_ && rest_.empty(); }
  bool good() const { return good_; }

 private:
  std::string_view take(std::size_t size) {
    if (size > rest_.size()) good_ = false;
    if (!good_) return {};
    const std::string_view out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }

  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

ticket_keys rotated(const ticket_keys& keys, const ticket_key& fresh) {
  return {fresh, keys.next, keys.current};
}

std::string encode(const material& what) {
  std::string out(mark);
  writer to(out);
  to.number(what.certificates.size());
  for (const material::certificate& each : what.certificates) {
    to.text(each.name);
    to.text(each.chain);
    to.text(each.key_name);
    to.text(each.key);
  }
  to.number(static_cast<std::uint64_t>(what.clients));
  to.text(what.client_ca_name);
  to.text(what.client_ca);
  to.number(static_cast<std::uint64_t>(what.minimum));
  to.number(static_cast<std::uint64_t>(what.ticket_lifetime.count()));
  to.number(what.tickets ? 1 : 0);
  if (what.tickets)
    for (const ticket_key* each : {&what.tickets->next, &what.tickets->current, &what.tickets->previous})
      to.key(*each);
  return out;
}

std::optional<material> decode(std::string_view text) {
  if (!text.starts_with(mark)) return std::nullopt;
  reader from(text.substr(mark.size()));
  material out;
  const std::uint64_t count = from.number(most_certificates);
  for (std::uint64_t i = 0; i < count && from.good(); ++i) {
    material::certificate& each = out.certificates.emplace_back();
    each.name = from.text(longest_name);
    each.chain = from.text(largest_file);
    each.key_name = from.text(longest_name);
    each.key = from.text(largest_file);
  }
  constexpr auto last_clients = static_cast<std::uint64_t>(tls_options::client_certificates::required);
  constexpr auto last_version = static_cast<std::uint64_t>(tls_options::version::tls_1_3);
  constexpr std::uint64_t longest_lifetime = std::uint64_t{366} * 24 * 3600;
  out.clients = static_cast<tls_options::client_certificates>(from.number(last_clients));
  out.client_ca_name = from.text(longest_name);
  out.client_ca = from.text(largest_file);
  out.minimum = static_cast<tls_options::version>(from.number(last_version));
  out.ticket_lifetime = std::chrono::seconds(from.number(longest_lifetime));
  if (from.number(1) == 1) {
    out.tickets.emplace();
    for (ticket_key* each : {&out.tickets->next, &out.tickets->current, &out.tickets->previous})
      from.key(*each);
  }
  if (!from.complete()) return std::nullopt;
  return out;
}

}  // namespace cluster::tls
