// SPDX-License-Identifier: BSL-1.0
// The workers' captured output: one JSON object a line.
#include "control/service.hpp"
#include "wire/response_writer.hpp"

#include <algorithm>
#include <memory>

namespace cluster::control {
namespace {

constexpr std::size_t enough_of_logs = 16 * 1024;

/// Which lines a reader wants.
struct wanted_lines {
  std::optional<std::uint64_t> slot;
  std::optional<bool> error;

  bool takes(std::uint64_t of_slot, bool is_error) const {
    return (!slot || *slot == of_slot) && (!error || *error == is_error);
  }
};

}  // namespace

void service::take_line(const output_line& line) {
  lines_.push({line.sequence, line.slot.value, line.error, line_json(line) + "\n"});
  tell_news();
}

void service::show_logs(const call& what, const answer& done) {
  query given(what.query, {"follow", "tail", "slot", "stream"});
  const bool follow = given.flag("follow");
  const auto tail = given.number("tail", 1'000'000);
  wanted_lines wanted;
  wanted.slot = given.number("slot", 1023);
  if (given.complaint()) return done(*given.complaint());
  if (const auto stream = given.text("stream")) {
    if (*stream != "out" && *stream != "err")
      return done(error_reply(400, "invalid_value", "stream: is to be out or err"));
    wanted.error = *stream == "err";
  }
  if (!owner_->status().captures_output)
    return done(error_reply(409, "not_captured",
                            "the workers' output is not captured; start the cluster with --logs capture"));

  // From the newest line back, so that `tail` counts what is wanted.
  std::uint64_t cursor = lines_.before_first();
  if (tail) {
    std::uint64_t left = *tail;
    std::uint64_t missed = 0;
    cursor = lines_.last();
    while (cursor > lines_.before_first() && left > 0) {
      const line_entry* line = lines_.next(cursor - 1, missed);
      if (wanted.takes(line->slot, line->error)) --left;
      --cursor;
    }
  }
  reply result;
  result.content_type = "application/x-ndjson";
  wire::append_field(result.fields, "Cache-Control", "no-store");
  const auto read = [this, wanted](std::uint64_t& from, std::string& out, std::size_t most) {
    std::uint64_t missed = 0;
    while (out.size() < most) {
      const line_entry* next = lines_.next(from, missed);
      if (next == nullptr) return;
      if (missed != 0) out += "{\"missed\":" + std::to_string(missed) + "}\n";
      if (wanted.takes(next->slot, next->error)) out += next->json;
      from = next->sequence;
    }
  };
  if (!follow) {
    read(cursor, result.body, 2 * 1024 * 1024);
    return done(std::move(result));
  }
  result.more = [weak = weak_from_this(), read, cursor](std::string& out) mutable {
    const auto self = weak.lock();
    if (!self) return false;
    read(cursor, out, enough_of_logs);
    return self->owner_ != nullptr || cursor != self->lines_.last();
  };
  done(std::move(result));
}

}  // namespace cluster::control
