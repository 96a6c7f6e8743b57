// SPDX-License-Identifier: BSL-1.0
#include "http/route_tree.hpp"

#include "wire/percent.hpp"

#include <algorithm>
#include <stdexcept>

namespace cluster::http {

struct route_tree::node {
  struct method_entry {
    verb method;
    std::shared_ptr<const route> target;
    std::vector<std::string> names;  // of the parameters, in the order of the path
  };

  std::string segment;  // literal nodes
  std::vector<std::unique_ptr<node>> literals;
  std::unique_ptr<node> parameter;
  std::unique_ptr<node> rest;
  std::vector<method_entry> methods;
  std::shared_ptr<const route> fallback;
};

struct route_tree::search {
  verb method;
  route_params& params;
  route_match found;
  std::size_t depth = 0;            // parameters taken on the way down
  const route* fallback = nullptr;  // the nearest one so far
};

namespace {

[[noreturn]] void bad_pattern(std::string_view pattern, const char* why) {
  throw std::invalid_argument("route \"" + std::string(pattern) + "\": " + why);
}

// Splits the first segment off `rest`, which starts behind a slash; `rest` becomes a null view when that
// was the last one.
std::string_view take_segment(std::string_view& rest) noexcept {
  const std::size_t slash = rest.find('/');
  const std::string_view segment = rest.substr(0, slash);
  rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
  return segment;
}

bool same_segment(std::string_view sent, std::string_view literal) noexcept {
  if (sent == literal) return true;
  return sent.find('%') != std::string_view::npos && wire::equals_decoded(sent, literal);
}

}  // namespace

route_tree::route_tree() : root_(std::make_unique<node>()), scope_(std::make_unique<scope>()) {}
route_tree::~route_tree() = default;
route_tree::route_tree(route_tree&&) noexcept = default;
route_tree& route_tree::operator=(route_tree&&) noexcept = default;

// The node of a pattern, made if it is not there, and the names of the parameters on the way.
route_tree::node& route_tree::place(std::string_view pattern, std::vector<std::string>& names) {
  if (pattern.empty() || pattern.front() != '/') bad_pattern(pattern, "has to begin with a slash");
  node* at = root_.get();
  std::string_view rest = pattern.substr(1);
  while (rest.data() != nullptr) {
    const std::string_view segment = take_segment(rest);
    const bool braced = segment.size() >= 2 && segment.front() == '{' && segment.back() == '}';
    if (!braced) {
      if (segment.find_first_of("{}") != std::string_view::npos)
        bad_pattern(pattern, "a parameter takes a whole segment");
      const auto same = std::find_if(at->literals.begin(), at->literals.end(),
                                     [&](const auto& n) { return n->segment == segment; });
      if (same != at->literals.end()) {
        at = same->get();
      } else {
        at = at->literals.emplace_back(std::make_unique<node>()).get();
        at->segment = segment;
      }
      continue;
    }
    std::string_view name = segment.substr(1, segment.size() - 2);
    const bool takes_rest = !name.empty() && name.back() == '*';
    if (takes_rest) name.remove_suffix(1);
    if (name.empty() || name.find_first_of("{}*") != std::string_view::npos)
      bad_pattern(pattern, "a parameter needs a name");
    if (std::find(names.begin(), names.end(), name) != names.end())
      bad_pattern(pattern, "two parameters of one name");
    if (takes_rest && rest.data() != nullptr)
      bad_pattern(pattern, "a parameter that takes the rest has to be last");
    if (names.size() == route_params::most) bad_pattern(pattern, "too many parameters");
    names.emplace_back(name);
    std::unique_ptr<node>& next = takes_rest ? at->rest : at->parameter;
    if (!next) next = std::make_unique<node>();
    at = next.get();
  }
  return *at;
}

void route_tree::add(verb method, std::string_view pattern, std::shared_ptr<route> target) {
  if (method == verb::unknown || method == verb::connect) bad_pattern(pattern, "unusable method");
  std::vector<std::string> names;
  node& at = place(pattern, names);
  for (const node::method_entry& entry : at.methods)
    if (entry.method == method) bad_pattern(pattern, "is there already for this method");
  target->place = next_place();
  definitions_.push_back({method, std::string(pattern), target});
  at.methods.push_back({method, std::move(target), std::move(names)});
  all_methods_ |= bit(method);
}

void route_tree::add_fallback(std::string_view pattern, std::shared_ptr<route> target) {
  std::vector<std::string> names;
  node& at = pattern == "/" ? *root_ : place(pattern, names);
  target->place = next_place();
  at.fallback = target;
  definitions_.push_back({verb::unknown, std::string(pattern), std::move(target)});
}

// The first two places are of what has no route, and of routes that have no place.
std::uint32_t route_tree::next_place() const noexcept {
  return static_cast<std::uint32_t>(definitions_.size()) + 2;
}

std::vector<std::string> route_tree::names(std::size_t most) const {
  std::vector<std::string> result{"none", "other"};
  for (const definition& each : definitions_) {
    if (result.size() == most) break;
    const auto method = boost::beast::http::to_string(each.method);
    const bool fallback = each.method == verb::unknown;
    result.push_back((fallback ? "fallback" : std::string(method.data(), method.size())) + " " +
                     each.pattern);
  }
  return result;
}

void route_tree::mount(std::string_view prefix, route_tree&& inner) {
  if (prefix.size() < 2 || prefix.front() != '/' || prefix.back() == '/')
    throw std::invalid_argument("mount \"" + std::string(prefix) +
                                "\": a prefix begins with a slash and does not end with one");
  for (definition& each : inner.definitions_) {
    std::string pattern(prefix);
    if (each.pattern != "/") pattern += each.pattern;
    if (each.method == verb::unknown) add_fallback(pattern, std::move(each.target));
    else add(each.method, pattern, std::move(each.target));
  }
  inner.definitions_.clear();
  inner.scope_->outer = scope_.get();
  scope_->inner.push_back(std::move(inner.scope_));
  inner = route_tree();
}

bool route_tree::accept(const node& at, search& state) noexcept {
  const node::method_entry* chosen = nullptr;
  for (const node::method_entry& entry : at.methods) {
    state.found.allowed |= bit(entry.method);
    const bool stands_in = state.method == verb::head && entry.method == verb::get && chosen == nullptr;
    if (entry.method == state.method || stands_in) chosen = &entry;
  }
  if (chosen == nullptr) return false;
  state.found.target = chosen->target.get();
  for (std::size_t i = 0; i < chosen->names.size(); ++i) state.params.list[i].first = chosen->names[i];
  state.params.count = chosen->names.size();
  return true;
}

// `rest` is what lies behind the slash that leads into the children of `at`. Recursion is as deep as the
// longest pattern, not as the path.
bool route_tree::descend(const node& at, std::string_view rest, search& state) noexcept {
  if (at.fallback) state.fallback = at.fallback.get();
  std::string_view behind = rest;
  const std::string_view segment = take_segment(behind);
  const bool last = behind.data() == nullptr;
  const auto enter = [&](const node& next) {
    return last ? accept(next, state) : descend(next, behind, state);
  };
  for (const auto& literal : at.literals) {
    if (same_segment(segment, literal->segment)) {
      if (enter(*literal)) return true;
      break;
    }
  }
  if (at.parameter && !segment.empty()) {
    state.params.list[state.depth].second = segment;
    ++state.depth;
    if (enter(*at.parameter)) return true;
    --state.depth;
  }
  if (at.rest) {
    state.params.list[state.depth].second = rest;
    ++state.depth;
    if (accept(*at.rest, state)) return true;
    --state.depth;
  }
  return false;
}

route_match route_tree::find(verb method, std::string_view path, route_params& params) const noexcept {
  search state{method, params, {}};
  params.count = 0;
  state.found.in = scope_.get();
  if (!path.empty() && path.front() == '/') descend(*root_, path.substr(1), state);
  if (state.found.target == nullptr && state.found.allowed == 0 && state.fallback != nullptr && path != "*")
    state.found.target = state.fallback;
  if (state.found.target != nullptr) state.found.in = state.found.target->in;
  return state.found;
}

std::string allow_value(verb_set methods) {
  if ((methods & bit(verb::get)) != 0) methods |= bit(verb::head);
  methods |= bit(verb::options);
  std::string out;
  for (unsigned i = 1; i < 64 && methods >> i != 0; ++i) {
    if ((methods >> i & 1) == 0) continue;
    if (!out.empty()) out += ", ";
    const auto name = boost::beast::http::to_string(static_cast<verb>(i));
    out.append(name.data(), name.size());
  }
  return out;
}

}  // namespace cluster::http
