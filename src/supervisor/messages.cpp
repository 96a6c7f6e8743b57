// SPDX-License-Identifier: BSL-1.0
// The application's messages: to workers, from them, and from one to another.
#include "supervisor/impl.hpp"

#include <boost/asio/append.hpp>
#include <boost/asio/post.hpp>

#include <fcntl.h>

#include <utility>

namespace cluster {
namespace {

error_code copy(const std::vector<os::unique_fd>& from, std::vector<os::unique_fd>& to) {
  for (const os::unique_fd& each : from) {
    to.emplace_back(::fcntl(each.get(), F_DUPFD_CLOEXEC, 3));
    if (!to.back()) return os::last_error();
  }
  return {};
}

}  // namespace

worker_process* supervisor::impl::reachable(worker_id id) {
  worker_process* process = running ? find(id) : nullptr;
  return process != nullptr && process->welcomed && process->channel->is_open() ? process : nullptr;
}

// Its channel is closed: what waits for it, and who waits for its answers, hears so.
void supervisor::impl::lose_mail(worker_id id) {
  if (worker_process* process = find(id)) process->mail->fail(make_error_code(error::worker_unavailable));
  post.asked.fail(id, make_error_code(error::worker_unavailable));
}

void supervisor::impl::send(worker_id to, message what, handler_type handler) {
  worker_process* process = reachable(to);
  if (process == nullptr) return complete(std::move(handler), make_error_code(error::worker_unavailable));
  process->mail->send({}, std::move(what), std::move(handler));
}

// The same to all but one; `handler` makes what is called when it is on its way to the next of them.
template <class MakeHandler>
error_code supervisor::impl::to_each(worker_id but, const ipc::note& head,
                                     const std::vector<os::unique_fd>& descriptors,
                                     const MakeHandler& handler) {
  for (auto& [id, process] : workers) {
    if (id == but || reachable(id) == nullptr) continue;
    std::vector<os::unique_fd> copies;
    if (const error_code ec = copy(descriptors, copies)) return ec;
    process->mail->forward(head, std::move(copies), handler());
  }
  return {};
}

void supervisor::impl::broadcast(message what, count_handler_type handler) {
  struct outcome {
    count_handler_type handler;
    std::size_t left = 1;  // the last one is ours, until all have been sent
    std::size_t taken = 0;
    error_code first;
  };
  const std::shared_ptr<outcome> all(new outcome{std::move(handler)});
  const auto settle = [all, on = executor](error_code ec) {
    if (--all->left == 0)
      boost::asio::post(on, boost::asio::append(std::move(all->handler), ec ? ec : all->first, all->taken));
  };
  ipc::note head;
  std::vector<os::unique_fd> descriptors;
  if (const error_code ec = ipc::fill_note(head, std::move(what), descriptors)) return settle(ec);
  all->first = to_each(supervisor_id, head, descriptors, [&]() -> handler_type {
    ++all->left;
    return [all, settle](error_code ec) {
      if (!ec) ++all->taken;
      settle({});
    };
  });
  settle({});
}

void supervisor::impl::request(worker_id to, message what, std::chrono::milliseconds timeout,
                               answer_handler_type handler) {
  const auto refuse = [&](error why) {
    boost::asio::post(executor, boost::asio::append(std::move(handler), make_error_code(why), message{}));
  };
  if (timeout.count() <= 0) return refuse(error::invalid_options);
  worker_process* process = reachable(to);
  if (process == nullptr) return refuse(error::worker_unavailable);
  const std::uint64_t number = post.asked.add(to, timeout, std::move(handler));
  if (number == 0) return;
  process->mail->send({ipc::note::kind::request, supervisor_id, number}, std::move(what),
                      [weak = weak_from_this(), number, to](error_code ec) {
                        const auto self = weak.lock();
                        if (ec && self) self->post.asked.settle(number, to, ec, {});
                      });
}

void supervisor::impl::on_note(worker_id from, ipc::note what, std::vector<os::unique_fd> descriptors) {
  if (what.peer == ipc::everybody) return pass_to_all(from, what, descriptors);
  if (what.peer != supervisor_id) return pass_on(from, std::move(what), std::move(descriptors));
  what.peer = from;
  const auto back = [weak = weak_from_this()](ipc::note head, message content) {
    if (const auto self = weak.lock()) self->reply(head.peer, std::move(head), std::move(content));
  };
  if (post.deliver(std::move(what), std::move(descriptors), back))
    break_off(from, "it sent a broken message");
}

void supervisor::impl::reply(worker_id to, ipc::note what, message content) {
  what.peer = supervisor_id;
  if (worker_process* process = reachable(to)) process->mail->send(std::move(what), std::move(content), {});
}

// From worker to worker. The sender hears what became of it: a full or a missing receiver is no loss in
// silence.
void supervisor::impl::pass_on(worker_id from, ipc::note what, std::vector<os::unique_fd> descriptors) {
  const worker_id to = std::exchange(what.peer, from);
  const auto tell_sender = [weak = weak_from_this(), from, to, number = what.number,
                            kind = what.what](error_code ec) {
    const auto self = weak.lock();
    const bool waits = kind == ipc::note::kind::message || (kind == ipc::note::kind::request && ec);
    if (!self || number == 0 || !waits) return;
    ipc::note result{ec ? ipc::note::kind::failed : ipc::note::kind::taken, to, number};
    if (ec)
      result.why =
          ec.category() == error_category() ? static_cast<error>(ec.value()) : error::worker_unavailable;
    if (worker_process* sender = self->reachable(from)) sender->mail->send(std::move(result), {}, {});
  };
  worker_process* receiver = reachable(to);
  if (receiver == nullptr || to == from) return tell_sender(make_error_code(error::worker_unavailable));
  if (what.what == ipc::note::kind::message) what.number = 0;
  receiver->mail->forward(std::move(what), std::move(descriptors), tell_sender);
}

void supervisor::impl::pass_to_all(worker_id from, const ipc::note& what,
                                   const std::vector<os::unique_fd>& descriptors) {
  ipc::note head = what;
  head.peer = from;
  head.number = 0;
  const error_code failed = to_each(from, head, descriptors, [] { return handler_type(); });
  worker_process* sender = reachable(from);
  if (sender == nullptr || what.number == 0) return;
  ipc::note result{failed ? ipc::note::kind::failed : ipc::note::kind::taken, ipc::everybody, what.number};
  result.why = error::descriptors_lost;
  sender->mail->send(std::move(result), {}, {});
}

}  // namespace cluster
