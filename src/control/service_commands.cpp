// SPDX-License-Identifier: BSL-1.0
// The operations that change something. Without `wait` they answer 202 as soon as the wish is accepted.
#include "control/json_text.hpp"
#include "control/service.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <memory>
#include <utility>

namespace cluster::control {
namespace {

reply json_reply(unsigned status, json_text& json) {
  reply result;
  result.status = status;
  result.body = json.take() + "\n";
  return result;
}

reply refused(const error_code& ec, const std::string& why) {
  const std::string words = why.empty() ? ec.message() : why;
  if (ec == make_error_code(error::reload_running)) return error_reply(409, "reload_running", words);
  if (ec == make_error_code(error::not_running)) return error_reply(409, "not_running", words);
  if (ec == make_error_code(error::worker_unavailable))
    return error_reply(409, "worker_busy", "it is not ready, leaves, or is being replaced already");
  if (ec == make_error_code(error::invalid_options)) return error_reply(400, "invalid_value", words);
  if (ec == make_error_code(error::launch_failed))
    return error_reply(500, "launch_failed", "its successor did not become ready; it serves on");
  if (ec == boost::asio::error::operation_aborted)
    return error_reply(409, "interrupted", "a stop or another order came in between");
  return error_reply(500, "failed", words);
}

/// Answers once: with what is known first, the acceptance or the end.
class once {
 public:
  explicit once(answer done) : done_(std::make_shared<answer>(std::move(done))) {}
  void operator()(reply what) const {
    if (!*done_) return;
    const answer done = std::exchange(*done_, nullptr);
    done(std::move(what));
  }

 private:
  std::shared_ptr<answer> done_;
};

bool is_alive(const supervisor& owner, std::uint64_t id) {
  const cluster_status now = owner.status();
  return std::any_of(now.workers.begin(), now.workers.end(),
                     [id](const worker_status& each) { return each.id.value == id; });
}

reply unknown_worker(std::uint64_t id) {
  return error_reply(404, "unknown_worker", "no worker " + std::to_string(id) + " is alive");
}

/// Says that a wish was accepted, unless the answer is there already: refusals, and ends that came at once,
/// were posted to the same executor before.
template <class Function>
void accept(const boost::asio::any_io_executor& executor, Function say) {
  boost::asio::post(executor, std::move(say));
}

}  // namespace

void service::reload(const call& what, const answer& done) {
  query given(what.query, {"wait"});
  const bool wait = given.flag("wait");
  if (given.complaint()) return done(*given.complaint());
  fields body(what.body, {"max_surge", "max_unavailable", "pause", "soak", "rollback"});
  reload_changes changes;
  changes.max_surge = body.number("max_surge", 0, 1024);
  changes.max_unavailable = body.number("max_unavailable", 0, 1024);
  changes.pause = body.duration("pause");
  changes.soak = body.duration("soak");
  changes.rollback = body.truth("rollback");
  if (body.complaint()) return done(*body.complaint());

  const once reply_once(done);
  owner_->async_reload(changes, [reply_once](error_code ec, const reload_report& report) {
    // Without a generation to go to it never began.
    if (ec && report.to.value == 0) {
      if (ec == make_error_code(error::reload_failed))
        return reply_once(error_reply(422, "reload_refused", report.reason));
      return reply_once(refused(ec, report.reason));
    }
    reply result;
    result.status = ec ? 500 : 200;
    result.body = report_json(report) + "\n";
    if (ec) {
      json_text json;
      json.open().key("error").open().member("code", "reload_" + std::string(to_string(report.how)));
      json.member("message", report.reason).close().key("report").raw(report_json(report)).close();
      result.body = json.take() + "\n";
    }
    reply_once(std::move(result));
  });
  if (wait) return;
  accept(owner_->get_executor(), [reply_once, id = latest_rollout_] {
    json_text json;
    json.open().member("id", id).close();
    reply_once(json_reply(202, json));
  });
}

void service::abort_reload(const call& what, const answer& done) {
  if (const query given(what.query, {}); given.complaint()) return done(*given.complaint());
  if (const fields body(what.body, {}); body.complaint()) return done(*body.complaint());
  const auto rollout = owner_->status().rollout;
  if (!rollout) return done(error_reply(409, "no_reload", "no rolling replacement is under way"));
  owner_->abort_reload();
  json_text json;
  json.open().member("id", rollout->to.value).close();
  done(json_reply(202, json));
}

void service::scale(const call& what, const answer& done) {
  query given(what.query, {"wait"});
  const bool wait = given.flag("wait");
  if (given.complaint()) return done(*given.complaint());
  fields body(what.body, {"workers", "min", "max"});
  const auto workers = body.number("workers", 1, 1024);
  const auto least = body.number("min", 1, 1024);
  const auto most = body.number("max", 1, 1024);
  if (body.complaint()) return done(*body.complaint());
  if (!workers && least && most) return scale_between(*least, *most, done);
  if (!workers || least || most)
    return done(error_reply(400, "invalid_value",
                            "give \"workers\", a number from 1 to 1024, or \"min\" and \"max\" for a number "
                            "that follows the load"));
  const once reply_once(done);
  json_text json;
  json.open().member("from", owner_->status().target).member("to", *workers).close();
  const std::string words = json.take() + "\n";
  const auto success = [words](unsigned status) {
    reply result;
    result.status = status;
    result.body = words;
    return result;
  };
  owner_->async_scale(static_cast<std::size_t>(*workers), [reply_once, success](error_code ec) {
    reply_once(ec ? refused(ec, {}) : success(200));
  });
  if (!wait) accept(owner_->get_executor(), [reply_once, success] { reply_once(success(202)); });
}

// There is nothing to wait for: when it changes is the load's affair.
void service::scale_between(std::uint64_t least, std::uint64_t most, const answer& done) {
  if (least > most) return done(error_reply(400, "invalid_value", "min: is above max"));
  const error_code ec =
      owner_->scale_between({static_cast<std::size_t>(least), static_cast<std::size_t>(most)});
  if (ec) return done(refused(ec, {}));
  json_text json;
  json.open().member("min", least).member("max", most).close();
  done(json_reply(200, json));
}

void service::stop(const call& what, const answer& done) {
  query given(what.query, {"wait"});
  const bool wait = given.flag("wait");
  if (given.complaint()) return done(*given.complaint());
  fields body(what.body, {"mode"});
  const std::string mode = body.text("mode", {"graceful", "fast"}).value_or("graceful");
  if (body.complaint()) return done(*body.complaint());
  const once reply_once(done);
  const auto success = [mode](unsigned status) {
    json_text json;
    json.open().member("mode", mode).close();
    return json_reply(status, json);
  };
  // Before the order: with workers that leave at once there is no time for it afterwards.
  if (!wait) reply_once(success(202));
  owner_->async_stop(mode == "fast" ? stop_mode::fast : stop_mode::graceful,
                     [reply_once, success](error_code) { reply_once(success(200)); });
}

// The answer comes before the end of this program: whether the next one could follow it is known by then.
void service::upgrade(const call& what, const answer& done) {
  if (const query given(what.query, {}); given.complaint()) return done(*given.complaint());
  if (const fields body(what.body, {}); body.complaint()) return done(*body.complaint());
  if (!upgrade_)
    return done(error_reply(501, "unsupported", "this program does not know how to replace its own process"));
  const once reply_once(done);
  upgrade_([reply_once, pid = owner_->status().pid](const std::string& why) {
    if (!why.empty())
      return reply_once(error_reply(409, "upgrade_refused", why + "; the supervisor goes on"));
    json_text json;
    json.open().member("pid", static_cast<std::uint64_t>(pid)).close();
    reply_once(json_reply(202, json));
  });
}

void service::one_worker(const call& what, std::uint64_t id, bool restart, const answer& done) {
  query given(what.query, {"wait"});
  const bool wait = given.flag("wait");
  if (given.complaint()) return done(*given.complaint());
  if (const fields body(what.body, {}); body.complaint()) return done(*body.complaint());
  if (!is_alive(*owner_, id)) return done(unknown_worker(id));
  const once reply_once(done);
  const auto success = [id, restart](unsigned status) {
    json_text json;
    json.open().member("worker", id).member("order", restart ? "restart" : "end").close();
    return json_reply(status, json);
  };
  const auto finished = [reply_once, success](error_code ec) {
    reply_once(ec ? refused(ec, {}) : success(200));
  };
  if (restart) owner_->async_restart(worker_id{id}, finished);
  else owner_->async_end(worker_id{id}, finished);
  if (!wait) accept(owner_->get_executor(), [reply_once, success] { reply_once(success(202)); });
}

void service::pause(const call& what, std::uint64_t id, bool on, const answer& done) {
  if (const query given(what.query, {}); given.complaint()) return done(*given.complaint());
  if (const fields body(what.body, {}); body.complaint()) return done(*body.complaint());
  if (!is_alive(*owner_, id)) return done(unknown_worker(id));
  const error_code ec = on ? owner_->pause(worker_id{id}) : owner_->resume(worker_id{id});
  if (ec) return done(refused(ec, {}));
  json_text json;
  json.open().member("worker", id).member("order", on ? "pause" : "resume").close();
  done(json_reply(200, json));
}

}  // namespace cluster::control
