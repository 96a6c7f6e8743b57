// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cluster/statistics.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace cluster {

/// Sums up what routes have answered, under at most so many names, however many generations with other routes
/// or workers with tales of their own come by. The first ones have a name of their own; what comes later is
/// "other". A name that is known once is known for good, so no number ever goes back.
class route_ledger {
 public:
  static constexpr std::size_t most = 128;

  /// It is going to be counted.
  void know(const std::string& route) { entry(route); }
  void add(const route_traffic& what) { entry(what.route) += what; }
  void add(const std::vector<route_traffic>& all) {
    for (const route_traffic& each : all) add(each);
  }

  std::vector<route_traffic> list() const {
    std::vector<route_traffic> result;
    result.reserve(routes_.size());
    for (const auto& [name, numbers] : routes_) result.push_back({numbers, name});
    return result;
  }

 private:
  route_numbers& entry(const std::string& route) {
    const auto found = routes_.find(route);
    if (found != routes_.end()) return found->second;
    return routes_.size() < most ? routes_[route] : routes_["other"];
  }

  std::map<std::string, route_numbers, std::less<>> routes_;
};

}  // namespace cluster
