// SPDX-License-Identifier: BSL-1.0
#include "ipc/desk.hpp"

#include <exception>
#include <memory>
#include <utility>

namespace cluster::ipc {
namespace {

/// One request that somebody waits for: answered once, or refused when nobody can answer it any more.
struct open_question {
  open_question(worker_id from, std::uint64_t number, desk::route way)
      : head{note::kind::reply, from, number}, back(std::move(way)) {}
  open_question(const open_question&) = delete;
  open_question& operator=(const open_question&) = delete;
  ~open_question() {
    if (!back) return;
    head.what = note::kind::failed;
    head.why = error::not_handled;
    back(head, {});
  }

  void settle(cluster::message with) {
    if (const auto once = std::exchange(back, nullptr)) once(head, std::move(with));
  }

  note head;
  desk::route back;
};

}  // namespace

bool desk::has_handler(note::kind what) const noexcept {
  switch (what) {
    case note::kind::message: return static_cast<bool>(on_message) || !topics_.empty();
    case note::kind::request: return static_cast<bool>(on_request);
    case note::kind::reply:
    case note::kind::taken:
    case note::kind::failed: return asked.size() != 0;
  }
  return false;
}

void desk::set_topic(std::string_view topic, message_handler handler) {
  if (handler) topics_.insert_or_assign(std::string(topic), std::move(handler));
  else if (const auto known = topics_.find(topic); known != topics_.end()) topics_.erase(known);
}

const message_handler& desk::handler_of(std::string_view data) const noexcept {
  // Backwards: of two topics that fit, the longer one comes behind the other.
  for (auto each = topics_.rbegin(); each != topics_.rend(); ++each)
    if (data.starts_with(each->first)) return each->second;
  return on_message;
}

error_code desk::deliver(note head, std::vector<os::unique_fd> descriptors, const route& back) {
  cluster::message content;
  if (const error_code ec = open_note(head, std::move(descriptors), content)) return ec;
  switch (head.what) {
    case note::kind::message:
      // Copied, as the handler may set another one.
      if (const auto current = handler_of(content.data))
        guarded("message handler", [&] { current(head.peer, std::move(content)); });
      break;
    case note::kind::request: answer(head, std::move(content), back); break;
    case note::kind::reply: asked.settle(head.number, head.peer, {}, std::move(content)); break;
    case note::kind::taken: asked.settle(head.number, head.peer, {}, {}); break;
    case note::kind::failed: asked.settle(head.number, head.peer, make_error_code(head.why), {}); break;
  }
  return {};
}

void desk::answer(note& head, cluster::message content, const route& back) {
  const auto question = std::make_shared<open_question>(head.peer, head.number, back);
  const auto current = on_request;
  if (!current) return;  // the question's end says so to the other side
  guarded("request handler", [&] {
    current(head.peer, std::move(content),
            [question](cluster::message with) { question->settle(std::move(with)); });
  });
}

template <class Call>
void desk::guarded(const char* where, Call&& call) {
  try {
    call();
  } catch (const std::exception& problem) {
    if (on_exception) on_exception(where, problem.what());
  } catch (...) {
    if (on_exception) on_exception(where, "something that is no std::exception");
  }
}

}  // namespace cluster::ipc
