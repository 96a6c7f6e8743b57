// SPDX-License-Identifier: BSL-1.0
#include <cluster/supervisor.hpp>

#include "supervisor/impl.hpp"

#include <boost/system/system_error.hpp>

#include <stdexcept>

namespace cluster {

supervisor::supervisor(executor_type executor, options settings) {
  if (const auto problem = validate(settings)) throw std::invalid_argument(*problem);
  impl_ = std::make_shared<impl>(std::move(executor), std::move(settings));
}

supervisor::~supervisor() { impl_->abandon(); }

supervisor::executor_type supervisor::get_executor() const noexcept { return impl_->executor; }

void supervisor::open(error_code& ec, std::string& detail) {
  os::failure failed = impl_->open();
  ec = failed.code;
  detail = std::move(failed.detail);
}

void supervisor::open() {
  error_code ec;
  std::string detail;
  open(ec, detail);
  if (ec) throw boost::system::system_error(ec, detail);
}

error_code supervisor::store_listeners() { return impl_->store_listeners(); }

void supervisor::on_event(observer hook) { impl_->observer = std::move(hook); }

std::shared_ptr<void> supervisor::observe(observer hook) {
  auto kept = std::make_shared<supervisor::observer>(std::move(hook));
  impl_->observers.push_back(kept);
  return kept;
}

std::shared_ptr<void> supervisor::observe_output(output_observer hook) {
  auto kept = std::make_shared<output_observer>(std::move(hook));
  impl_->output_observers.push_back(kept);
  return kept;
}

void supervisor::start_run(handler_type handler) { impl_->run(std::move(handler)); }
void supervisor::start_stop(stop_mode mode, handler_type handler) { impl_->stop(mode, std::move(handler)); }
void supervisor::start_scale(std::size_t workers, handler_type handler) {
  impl_->scale(workers, std::move(handler));
}
error_code supervisor::scale_between(scale_range bounds) { return impl_->scale_between(bounds); }
void supervisor::start_restart(worker_id worker, handler_type handler) {
  impl_->restart(worker, std::move(handler));
}
void supervisor::start_end(worker_id worker, handler_type handler) { impl_->end(worker, std::move(handler)); }
void supervisor::start_add_listener(std::string uri, listener_handler_type handler) {
  impl_->add_listener(uri, std::move(handler));
}
void supervisor::start_remove_listener(std::string name, listener_handler_type handler) {
  impl_->remove_listener(name, std::move(handler));
}
void supervisor::start_send(worker_id to, message what, handler_type handler) {
  impl_->send(to, std::move(what), std::move(handler));
}
void supervisor::start_broadcast(message what, count_handler_type handler) {
  impl_->broadcast(std::move(what), std::move(handler));
}
void supervisor::start_request(worker_id to, message what, std::chrono::milliseconds timeout,
                               answer_handler_type handler) {
  impl_->request(to, std::move(what), timeout, std::move(handler));
}
void supervisor::on_message(message_handler handler) { impl_->post.on_message = std::move(handler); }
void supervisor::on_request(request_handler handler) { impl_->post.on_request = std::move(handler); }
void supervisor::start_reload(const reload_changes& changes, reload_handler_type handler) {
  impl_->reload(changes, std::move(handler));
}
void supervisor::abort_reload() { impl_->abort_reload(); }
void supervisor::on_reload(std::function<options()> refresh) { impl_->refresh = std::move(refresh); }
std::optional<worker_usage> supervisor::usage(worker_id id, bool with_pss) const {
  return impl_->usage(id, with_pss);
}
error_code supervisor::kill(worker_id worker, int signal) { return impl_->kill(worker, signal); }
error_code supervisor::pause(worker_id worker) { return impl_->pause(worker, true); }
error_code supervisor::resume(worker_id worker) { return impl_->pause(worker, false); }
error_code supervisor::prepare_successor() { return impl_->prepare_successor(); }
cluster_status supervisor::status() const { return impl_->status(); }
const std::string& supervisor::failure() const noexcept { return impl_->failure_text; }
int supervisor::duplicate_pidfd(worker_id id) const { return impl_->duplicate_pidfd(id); }

}  // namespace cluster
