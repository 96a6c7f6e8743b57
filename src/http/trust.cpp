// SPDX-License-Identifier: BSL-1.0
#include "http/trust.hpp"

#include "wire/forwarded.hpp"

#include <algorithm>
#include <stdexcept>

namespace cluster::http {

trust::trust(const proxy_options& from) : fields_(from.forwarded) {
  for (const std::string& each : from.trusted) {
    if (each == "unix") {
      unix_ = true;
      continue;
    }
    const auto network = parse_ip_network(each);
    if (!network) throw std::invalid_argument("proxies: '" + each + "' is neither an address nor a network");
    networks_.push_back(*network);
  }
  if (reads_fields() && networks_.empty() && !unix_)
    throw std::invalid_argument("proxies: header fields of proxies need addresses that are trusted");
}

bool trust::knows(std::string_view peer) const {
  if (peer == "unix") return unix_;
  const auto address = parse_endpoint(peer);
  return address &&
         std::ranges::any_of(networks_, [&](const ip_network& each) { return each.contains(*address); });
}

origin trust::resolve(std::string peer, const wire::request_head& head) const {
  origin out{std::move(peer), {}, {}};
  if (!reads_fields() || !knows(out.client)) return out;
  const auto hops =
      fields_ == proxy_options::fields::forwarded ? wire::forwarded_hops(head) : wire::x_forwarded_hops(head);
  // The nearest one first. No view: Clang 14 cannot compile those of the standard library beside it.
  for (auto hop = hops.rbegin(); hop != hops.rend(); ++hop) {
    const wire::hop& each = *hop;
    if (!each.scheme.empty()) out.scheme = each.scheme;
    if (!each.host.empty()) out.host = each.host;
    const auto address = parse_endpoint(each.client);
    if (!address) break;  // nobody knows, so the proxy is what is known
    out.client = address->v6 ? "[" + to_string(*address) + "]" : to_string(*address);
    if (!knows(out.client)) break;
  }
  return out;
}

}  // namespace cluster::http
