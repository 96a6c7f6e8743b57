// SPDX-License-Identifier: BSL-1.0
#include <cluster/http/router.hpp>

#include "http/route_tree.hpp"

namespace cluster::http {

router::router() : tree_(std::make_unique<route_tree>()) {}
router::~router() = default;
router::router(router&&) noexcept = default;
router& router::operator=(router&&) noexcept = default;

router& router::route(verb method, std::string_view pattern, handler answer, route_options limits) {
  tree_->add(method, pattern,
             std::make_shared<http::route>(http::route{std::move(answer), limits, &tree_->hooks()}));
  return *this;
}

router& router::fallback(handler answer) {
  tree_->add_fallback("/",
                      std::make_shared<http::route>(http::route{std::move(answer), {}, &tree_->hooks()}));
  return *this;
}

router& router::before(before_hook hook) {
  tree_->hooks().before.push_back(std::move(hook));
  tree_->hooks().active = true;
  return *this;
}

router& router::after(after_hook hook) {
  tree_->hooks().after.push_back(std::move(hook));
  tree_->hooks().active = true;
  return *this;
}

router& router::mount(std::string_view prefix, router&& inner) {
  tree_->mount(prefix, std::move(*inner.tree_));
  return *this;
}

}  // namespace cluster::http
