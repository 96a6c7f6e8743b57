// SPDX-License-Identifier: BSL-1.0
#include "http/scope.hpp"

#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace cluster::http {
namespace {

std::vector<const scope*> from_outermost(const scope& in) {
  std::vector<const scope*> all;
  for (const scope* s = &in; s != nullptr; s = s->outer) all.push_back(s);
  std::reverse(all.begin(), all.end());
  return all;
}

}  // namespace

std::optional<response> run_before(const scope& in, const request& asked) {
  if (in.outer != nullptr)
    if (auto answer = run_before(*in.outer, asked)) return answer;
  for (const before_hook& hook : in.before)
    if (auto answer = hook.plain()(asked)) return answer;
  return std::nullopt;
}

boost::asio::awaitable<response> run_waiting(const scope& in, const request& asked,
                                             std::function<boost::asio::awaitable<response>()> behind) {
  for (const scope* s : from_outermost(in)) {
    for (const before_hook& hook : s->before) {
      std::optional<response> early;
      if (hook.is_coroutine()) early = co_await hook.coroutine()(asked);
      else early = hook.plain()(asked);
      if (early) co_return std::move(*early);
    }
  }
  co_return co_await behind();
}

void run_after(const scope& in, const request& asked, response& answer) {
  for (const scope* s = &in; s != nullptr; s = s->outer)
    for (auto hook = s->after.rbegin(); hook != s->after.rend(); ++hook) (*hook)(asked, answer);
}

}  // namespace cluster::http
