// SPDX-License-Identifier: BSL-1.0
// Headers of the PROXY protocol: complete with one octet and with no fewer, never larger than they may be,
// and what they name is an address. The same octets as header fields of proxies.
#include "wire/proxy_header.hpp"
#include "common/ip_address.hpp"
#include "wire/forwarded.hpp"
#include "wire/target.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

using namespace cluster;
using namespace cluster::wire;

namespace {

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

void read_header(std::string_view octets) {
  proxy_header out;
  const proxy_state whole = read_proxy_header(octets, out);
  if (whole != proxy_state::complete) return;
  require(out.size <= octets.size() && out.size <= proxy_header::most && out.size != 0, "the size");
  require(out.client.empty() || out.client == "unix" || parse_endpoint(out.client), "the client");
  proxy_header part;
  require(read_proxy_header(octets.substr(0, out.size), part) == proxy_state::complete,
          "complete with its last octet");
  require(part.client == out.client && part.secure == out.secure, "the same whatever comes behind it");
  require(read_proxy_header(octets.substr(0, out.size - 1), part) == proxy_state::incomplete, "not before");
}

void read_fields(std::string_view octets) {
  request_head head;
  const std::size_t half = octets.size() / 2;
  head.fields = {{"Forwarded", octets},
                 {"X-Forwarded-For", octets.substr(0, half)},
                 {"X-Forwarded-Host", octets.substr(half)},
                 {"X-Forwarded-Proto", octets.substr(half)}};
  for (const auto& all : {forwarded_hops(head), x_forwarded_hops(head)}) {
    require(all.size() <= most_hops, "the number of hops");
    for (const hop& each : all) {
      require(each.host.empty() || valid_authority(each.host), "a host");
      require(each.scheme.size() <= 5, "a scheme");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  read_header(octets);
  read_fields(octets);
  return 0;
}
