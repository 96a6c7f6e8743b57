// SPDX-License-Identifier: BSL-1.0
#include "wire/beast.hpp"

#include "http/exchange.hpp"

#include <cluster/http/beast.hpp>

namespace cluster::http {

boost::beast::http::request<boost::beast::http::string_body> to_beast(const request& from) {
  return wire::to_beast(from.data().head, from.data().body);
}

}  // namespace cluster::http
