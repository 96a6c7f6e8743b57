// SPDX-License-Identifier: BSL-1.0
#include <cluster/http/router.hpp>

#include "http/route_tree.hpp"

namespace cluster::http {

router::router() : tree_(std::make_unique<route_tree>()) {}
router::~router() = default;
router::router(router&&) noexcept = default;
router& router::operator=(router&&) noexcept = default;

router& router::route(verb method, std::string_view pattern, handler answer) {
  tree_->add(method, pattern, std::move(answer));
  return *this;
}

router& router::fallback(handler answer) {
  tree_->set_fallback(std::move(answer));
  return *this;
}

}  // namespace cluster::http
