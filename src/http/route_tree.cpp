// SPDX-License-Identifier: BSL-1.0
#include "http/route_tree.hpp"

#include "wire/percent.hpp"

#include <algorithm>
#include <stdexcept>

namespace cluster::http {

struct route_tree::node {
  struct method_entry {
    verb method;
    handler answer;
    std::vector<std::string> names;  // of the parameters, in the order of the path
  };

  std::string segment;  // literal nodes
  std::vector<std::unique_ptr<node>> literals;
  std::unique_ptr<node> parameter;
  std::unique_ptr<node> rest;
  std::vector<method_entry> methods;
};

struct route_tree::search {
  verb method;
  route_params& params;
  route_match found;
  std::size_t depth = 0;  // parameters taken on the way down
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

route_tree::route_tree() : root_(std::make_unique<node>()) {}
route_tree::~route_tree() = default;

void route_tree::add(verb method, std::string_view pattern, handler answer) {
  if (method == verb::unknown || method == verb::connect) bad_pattern(pattern, "unusable method");
  if (pattern.empty() || pattern.front() != '/') bad_pattern(pattern, "has to begin with a slash");
  std::vector<std::string> names;
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
  for (const node::method_entry& entry : at->methods)
    if (entry.method == method) bad_pattern(pattern, "is there already for this method");
  at->methods.push_back({method, std::move(answer), std::move(names)});
  all_methods_ |= bit(method);
}

bool route_tree::accept(const node& at, search& state) noexcept {
  const node::method_entry* chosen = nullptr;
  for (const node::method_entry& entry : at.methods) {
    state.found.allowed |= bit(entry.method);
    if (entry.method == state.method) chosen = &entry;
    else if (state.method == verb::head && entry.method == verb::get && chosen == nullptr) chosen = &entry;
  }
  if (chosen == nullptr) return false;
  state.found.answer = &chosen->answer;
  for (std::size_t i = 0; i < chosen->names.size(); ++i) state.params.list[i].first = chosen->names[i];
  state.params.count = chosen->names.size();
  return true;
}

// `rest` is what lies behind the slash that leads into the children of `at`. Recursion is as deep as the
// longest pattern, not as the path.
bool route_tree::descend(const node& at, std::string_view rest, search& state) noexcept {
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
  if (!path.empty() && path.front() == '/') descend(*root_, path.substr(1), state);
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
