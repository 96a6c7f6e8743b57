// SPDX-License-Identifier: BSL-1.0
// The application's messages: to the supervisor, to other workers by way of it, and from them.
#include "worker/impl.hpp"

#include <boost/asio/append.hpp>
#include <boost/asio/post.hpp>

#include <stdexcept>
#include <utility>

namespace cluster {
namespace {

// How long another worker's mailbox may stay full before the sender hears that.
constexpr std::chrono::seconds passing_on{30};

}  // namespace

void worker::impl::send(worker_id to, message what, sent_handler done) {
  if (to == supervisor_id) return mail->send({}, std::move(what), std::move(done));
  // Passed on by the supervisor, which says what became of it.
  const std::uint64_t number = post.asked.add(
      to, passing_on,
      [done = std::move(done)](error_code ec, const message&) mutable { std::move(done)(ec); });
  if (number == 0) return;
  mail->send({ipc::note::kind::message, to, number}, std::move(what), when_not_sent(number, to));
}

void worker::impl::request(worker_id to, message what, std::chrono::milliseconds timeout,
                           answer_handler done) {
  if (timeout.count() <= 0) {
    boost::asio::post(
        context, boost::asio::append(std::move(done), make_error_code(error::invalid_options), message{}));
    return;
  }
  const std::uint64_t number = post.asked.add(to, timeout, std::move(done));
  if (number == 0) return;
  mail->send({ipc::note::kind::request, to, number}, std::move(what), when_not_sent(number, to));
}

worker::impl::sent_handler worker::impl::when_not_sent(std::uint64_t number, worker_id to) {
  return [weak = weak_from_this(), number, to](error_code ec) {
    const auto self = weak.lock();
    if (ec && self) self->post.asked.settle(number, to, ec, {});
  };
}

void worker::impl::on_note(const ipc::note& what, std::vector<os::unique_fd> descriptors) {
  const auto back = [weak = weak_from_this()](ipc::note head, message content) {
    if (const auto self = weak.lock()) self->mail->send(std::move(head), std::move(content), {});
  };
  if (const error_code ec = post.deliver(what, std::move(descriptors), back))
    log(log_level::error, "a message of the application is broken: " + ec.message());
}

void worker::impl::lose_mail(error_code why) {
  mail->fail(why);
  post.asked.fail_all(why);
}

void worker::start_send(worker_id to, message what, sent_handler done) {
  impl_->send(to, std::move(what), std::move(done));
}
void worker::start_broadcast(message what, sent_handler done) {
  impl_->send(ipc::everybody, std::move(what), std::move(done));
}
void worker::start_request(worker_id to, message what, std::chrono::milliseconds timeout,
                           answer_handler done) {
  impl_->request(to, std::move(what), timeout, std::move(done));
}
void worker::on_message(message_handler handler) { impl_->post.on_message = std::move(handler); }
void worker::on_topic(std::string_view topic, message_handler handler) {
  if (topic.empty()) throw std::invalid_argument("on_topic: no topic");
  impl_->post.set_topic(topic, std::move(handler));
}
void worker::on_request(request_handler handler) { impl_->post.on_request = std::move(handler); }

}  // namespace cluster
