// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "http/exchange.hpp"
#include "http/scope.hpp"

#include <cluster/http/handler.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cluster::http {

/// A set of methods; every verb of Beast's fits a bit.
using verb_set = std::uint64_t;
constexpr verb_set bit(verb method) noexcept { return verb_set{1} << static_cast<unsigned>(method); }

/// What a lookup found. Without an answer, `allowed` tells whether the path exists for other methods.
struct route_match {
  const route* target = nullptr;
  verb_set allowed = 0;
  const scope* in = nullptr;  ///< the router that answers, whatever it answers
};

/// The patterns of a router, one node a segment. Lookup allocates nothing.
class route_tree {
 public:
  route_tree();
  ~route_tree();
  route_tree(route_tree&&) noexcept;
  route_tree& operator=(route_tree&&) noexcept;

  void add(verb method, std::string_view pattern, std::shared_ptr<route> target);
  /// For what lies below a pattern and fits no other; "/" for everything.
  void add_fallback(std::string_view pattern, std::shared_ptr<route> target);
  /// Everything of another tree below a prefix; see router::mount().
  void mount(std::string_view prefix, route_tree&& inner);

  scope& hooks() noexcept { return *scope_; }

  /// The best pattern that has the method; HEAD falls back to GET; else the nearest fallback. Fills
  /// `params`.
  route_match find(verb method, std::string_view path, route_params& params) const noexcept;

  /// What answers are counted under, by route::place: what no route fits, routes beyond the last place, and
  /// then each route, at most so many in all.
  std::vector<std::string> names(std::size_t most) const;

  /// Every method that is used anywhere.
  verb_set all_methods() const noexcept { return all_methods_; }

 private:
  struct node;
  struct search;

  /// As it was added, for mounting.
  struct definition {
    verb method;  ///< unknown: a fallback
    std::string pattern;
    std::shared_ptr<route> target;
  };

  std::uint32_t next_place() const noexcept;
  node& place(std::string_view pattern, std::vector<std::string>& names);
  static bool descend(const node& at, std::string_view rest, search& state) noexcept;
  static bool accept(const node& at, search& state) noexcept;

  std::unique_ptr<node> root_;
  std::unique_ptr<scope> scope_;
  std::vector<definition> definitions_;
  verb_set all_methods_ = 0;
};

/// The value of an Allow field: HEAD goes with GET, OPTIONS always.
std::string allow_value(verb_set methods);

}  // namespace cluster::http
