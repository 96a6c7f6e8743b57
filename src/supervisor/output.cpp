// SPDX-License-Identifier: BSL-1.0
// What workers write, if it is captured: passed on, and shown to observers.
#include "common/text.hpp"
#include "supervisor/impl.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>

namespace cluster {
namespace {

// A log file in JSON has nothing else in it; what is an object already is taken for a line of a logger.
std::string as_json(const output_line& line) {
  if (line.text.starts_with('{') && line.text.ends_with('}')) return std::string(line.text);
  std::string json = R"({"time":)";
  append_json_string(json, utc_timestamp(line.at));
  json += R"(,"pid":)" + std::to_string(line.pid) + R"(,"worker":)" + std::to_string(line.worker.value) +
          R"(,"slot":)" + std::to_string(line.slot.value) + R"(,"stream":")" + (line.error ? "err" : "out") +
          R"(","message":)";
  append_json_string(json, line.text);
  return json + "}";
}

}  // namespace

void supervisor::impl::capture(worker_id id, worker_process& process, output_pipes pipes) {
  if (!relay_out) relay_out = std::make_shared<output_relay>(executor, STDOUT_FILENO);
  if (!relay_error) relay_error = std::make_shared<output_relay>(executor, STDERR_FILENO);
  const auto tap = [&](os::unique_fd from, bool error) {
    const auto made = std::make_shared<output_tap>(
        executor, std::move(from),
        output_tap::events{[weak = weak_from_this(), id, error](std::string_view line) {
                             if (const auto self = weak.lock()) self->on_line(id, error, line);
                           },
                           [weak = weak_from_this()](std::uint64_t lines) {
                             if (const auto self = weak.lock()) self->counters.output_lines_dropped += lines;
                           }});
    made->start();
    return made;
  };
  process.out = tap(std::move(pipes.out), false);
  process.error = tap(std::move(pipes.error), true);
}

void supervisor::impl::on_line(worker_id id, bool error, std::string_view text) {
  const worker_process* process = find(id);
  if (process == nullptr) return;
  output_line line;
  line.sequence = ++counters.output_lines;
  line.at = std::chrono::system_clock::now();
  line.worker = id;
  line.slot = process->slot;
  line.pid = process->child.pid();
  line.error = error;
  line.text = text;
  const bool json = !settings.log_file.empty() && settings.log.format == log_format::json;
  const std::string from = std::to_string(line.slot.value) + "/" + std::to_string(id.value) + ": ";
  (error ? relay_error : relay_out)
      ->write(json ? as_json(line) : (settings.output_prefix ? from : std::string()) + std::string(text));
  std::erase_if(output_observers, [](const auto& each) { return each.expired(); });
  for (const auto& each : std::vector(output_observers))
    if (const auto one = each.lock()) (*one)(line);
}

void supervisor::impl::flush_output() {
  for (const auto& relay : {relay_out, relay_error})
    if (relay) relay->flush();
}

}  // namespace cluster
