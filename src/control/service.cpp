// SPDX-License-Identifier: BSL-1.0
#include "control/service.hpp"

#include "common/text.hpp"
#include "control/json_text.hpp"
#include "wire/response_writer.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cstdio>
#include <random>
#include <utility>

namespace cluster::control {
namespace {

std::string random_name() {
  std::random_device source;
  char text[16];
  const int length = std::snprintf(text, sizeof text, "%08x", static_cast<unsigned>(source()));
  return {text, static_cast<std::size_t>(length)};
}

reply not_found(const routed& found) {
  if (found.status != 405) return error_reply(404, "not_found", "there is nothing at this path");
  std::string names;
  for (const std::string_view each : found.allowed)
    if (!each.empty()) names.append(names.empty() ? "" : ", ").append(each);
  reply result = error_reply(405, "method_not_allowed", "this path takes " + names);
  wire::append_field(result.fields, "Allow", names);
  return result;
}

// A cursor as it was given out: the life of the service that gave it, and a sequence.
std::optional<std::uint64_t> cursor_from(std::string_view id, const std::string& run) {
  const auto colon = id.find(':');
  if (colon == id.npos || id.substr(0, colon) != run) return std::nullopt;
  return parse_number(id.substr(colon + 1));
}

constexpr std::size_t enough_at_once = 16 * 1024;

}  // namespace

service::service(supervisor& owner) : owner_(&owner), run_(random_name()) {}

void service::start(std::function<void()> news) {
  news_ = std::move(news);
  observing_ = owner_->observe([this](const event& what) {
    if (what.kind == event_kind::rollout_started) latest_rollout_ = what.generation.value;
    events_.push({what.sequence, event_block(what, run_)});
    tell_news();
  });
  observing_output_ = owner_->observe_output([this](const output_line& line) { take_line(line); });
}

// Many lines in one turn of the loop are one piece of news.
void service::tell_news() {
  if (std::exchange(news_pending_, true)) return;
  boost::asio::post(owner_->get_executor(), [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->news_pending_ = false;
    if (self->news_) self->news_();
  });
}

void service::detach() {
  owner_ = nullptr;
  observing_.reset();
  observing_output_.reset();
  news_ = nullptr;
}

void service::handle(const call& what, const answer& done) {
  if (owner_ == nullptr) return done(error_reply(503, "not_running", "the cluster has ended"));
  const routed found = find_route(what.method, what.path, what.read_only);
  if (found.to == nullptr) return done(not_found(found));
  switch (found.to->what) {
    case operation::status: return show_status(what, done);
    case operation::reload: return reload(what, done);
    case operation::abort_reload: return abort_reload(what, done);
    case operation::scale: return scale(what, done);
    case operation::stop: return stop(what, done);
    case operation::upgrade: return upgrade(what, done);
    case operation::restart_worker: return one_worker(what, found.id, true, done);
    case operation::pause_worker: return pause(what, found.id, true, done);
    case operation::resume_worker: return pause(what, found.id, false, done);
    case operation::end_worker: return one_worker(what, found.id, false, done);
    case operation::add_listener: return add_listener(what, done);
    case operation::remove_listener: return remove_listener(what, found.name, done);
    case operation::events: return show_events(what, done);
    case operation::logs: return show_logs(what, done);
    case operation::metrics: return show_metrics(what, done);
    case operation::health: return show_health(what, done);
    case operation::readiness: return show_readiness(what, done);
  }
}

measurements service::measure(const cluster_status& now, bool with_pss) {
  measurements result;
  rates_.keep_only(now);
  for (const worker_status& each : now.workers) {
    const auto usage = owner_->usage(each.id, with_pss);
    if (!usage) continue;
    measured& one = result[each.id];
    rates_.measure(each.id, {usage->cpu, each.statistics.busy, each.statistics.requests}, each.uptime,
                   rate_meter::clock::now(), one);
    one.cpu = usage->cpu;
    one.rss_bytes = usage->rss_bytes;
    if (with_pss && usage->pss_bytes != 0) one.pss_bytes = usage->pss_bytes;
  }
  return result;
}

void service::show_status(const call& what, const answer& done) {
  query given(what.query, {"pss"});
  const bool with_pss = given.flag("pss");
  if (given.complaint()) return done(*given.complaint());
  const cluster_status now = owner_->status();
  reply result;
  result.body = status_json(now, measure(now, with_pss));
  done(std::move(result));
}

void service::show_metrics(const call& what, const answer& done) {
  if (const query given(what.query, {}); given.complaint()) return done(*given.complaint());
  const cluster_status now = owner_->status();
  reply result;
  result.content_type = "text/plain; version=0.0.4; charset=utf-8";
  result.body = metrics_text(now, measure(now, false));
  done(std::move(result));
}

reply service::readiness(bool alive_is_enough) {
  const cluster_status now = owner_->status();
  const readiness_report report = readiness_of(now);
  reply result;
  result.status = report.ready || (alive_is_enough && report.alive) ? 200 : 503;
  result.body = readiness_json(now, report);
  return result;
}

void service::show_health(const call&, const answer& done) { done(readiness(true)); }
void service::show_readiness(const call&, const answer& done) { done(readiness(false)); }

// The stream reads on from where its reader is; how far that is behind costs nothing, and what it comes too
// late for is counted.
void service::show_events(const call& what, const answer& done) {
  query given(what.query, {"after", "history"});
  const bool history = given.flag("history");
  if (given.complaint()) return done(*given.complaint());
  const std::string after = given.text("after").value_or(std::string(what.last_event_id));
  std::uint64_t cursor = history ? events_.before_first() : events_.last();
  std::string opening = ": cluster events\n\n";
  if (!after.empty()) {
    if (const auto known = cursor_from(after, run_)) {
      cursor = std::min(*known, events_.last());
    } else {
      cursor = events_.before_first();
      opening +=
          "event: reset\ndata: {\"event\":\"reset\",\"text\":\"that id is of another run; all that is "
          "kept follows\"}\n\n";
    }
  }
  reply result;
  result.content_type = "text/event-stream";
  wire::append_field(result.fields, "Cache-Control", "no-store");
  result.more = [weak = weak_from_this(), cursor, opening](std::string& out) mutable {
    out += std::exchange(opening, {});
    const auto self = weak.lock();
    if (!self) return false;
    std::uint64_t missed = 0;
    while (out.size() < enough_at_once) {
      const event_entry* next = self->events_.next(cursor, missed);
      if (next == nullptr) break;
      if (missed != 0)
        out += "event: lost\ndata: {\"event\":\"lost\",\"missed\":" + std::to_string(missed) + "}\n\n";
      out += next->text;
      cursor = next->sequence;
    }
    return self->owner_ != nullptr || self->events_.next(cursor, missed) != nullptr;
  };
  done(std::move(result));
}

}  // namespace cluster::control
