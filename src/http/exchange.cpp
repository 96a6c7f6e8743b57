// SPDX-License-Identifier: BSL-1.0
#include "http/exchange.hpp"

namespace cluster::http {
namespace {

constexpr std::size_t most_kept = 64;            // exchanges
constexpr std::size_t largest_kept = 64 * 1024;  // octets of content storage

}  // namespace

void exchange::keep(const char* section) {
  if (body.data() != nullptr && body.data() != body_bytes.data()) {
    body_bytes.assign(body);
    body = body_bytes;
  }
  head_bytes.assign(section, head.size);
  head.rebase(section, head_bytes.data());
  const char* const end = section + head.size;
  for (std::size_t i = 0; i < params.count; ++i) {
    std::string_view& value = params.list[i].second;
    if (value.data() >= section && value.data() <= end)
      value = {head_bytes.data() + (value.data() - section), value.size()};
  }
}

void exchange::reset() noexcept {
  // What is set for each request anew needs no clearing: where it goes, whose it is.
  params.count = 0;
  body = {};
  body_bytes.clear();
  if (attachment.has_value()) attachment.reset();
  if (out || in) {
    out.reset();
    in.reset();
  }
  if (!decoded.empty()) decoded.clear();
}

std::unique_ptr<exchange> exchange_pool::take() {
  if (free_.empty()) {
    auto made = std::make_unique<exchange>(limits_);
    made->believed = believed_;
    return made;
  }
  std::unique_ptr<exchange> out = std::move(free_.back());
  free_.pop_back();
  return out;
}

void exchange_pool::give_back(std::unique_ptr<exchange> used) noexcept {
  if (free_.size() >= most_kept || used->body_bytes.capacity() > largest_kept) return;
  used->reset();
  try {
    free_.push_back(std::move(used));
  } catch (...) {  // no memory for the list: then this one is simply freed
  }
}

}  // namespace cluster::http
