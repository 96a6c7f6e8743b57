// SPDX-License-Identifier: BSL-1.0
#include "wire/beast.hpp"

#include <string>

namespace cluster::wire {
namespace {

boost::beast::string_view to_beast_view(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

boost::beast::http::request<boost::beast::http::string_body> to_beast(const request_head& head,
                                                                      std::string_view body) {
  boost::beast::http::request<boost::beast::http::string_body> out;
  out.method(head.method);
  out.target(to_beast_view(head.target));
  out.version(head.version);
  for (const field& f : head.fields) out.insert(to_beast_view(f.first), to_beast_view(f.second));
  out.body() = std::string(body);
  return out;
}

}  // namespace cluster::wire
