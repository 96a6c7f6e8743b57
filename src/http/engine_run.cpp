// SPDX-License-Identifier: BSL-1.0
// Running the context with the connections' set as the one that is waited in.
#include "http/engine.hpp"

#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#endif

namespace cluster::http {
namespace {

// What other threads post to a context that nobody waits in goes unnoticed.
bool no_other_threads() noexcept {
#if __has_include(<sys/single_threaded.h>)
  return __libc_single_threaded != 0;
#else
  return false;
#endif
}

}  // namespace

void engine::run() {
  if (!stopped_ && !context_.stopped() && no_other_threads() && become_host()) {
    try {
      run_as_host();
    } catch (...) {
      become_guest();
      throw;
    }
    become_guest();
  }
  context_.run();
}

// What handlers post shows only when the context is asked, so it is, before each wait.
void engine::run_as_host() {
  constexpr unsigned most = 64;
  while (!stopped_ && no_other_threads()) {
    unsigned done = 0;
    while (done < most && context_.poll_one() != 0) ++done;
    if (context_.stopped() || stopped_) return;
    if (no_other_threads()) serve_batch(done < most ? set_.wait() : set_.poll());
  }
}

bool engine::become_host() {
  acceptor_.unwatch();
  pool_.for_each([this](connection& c) { settle(c); });
  const bool done = set_.become_host();
  acceptor_.listen();
  return done;
}

void engine::become_guest() {
  if (stopped_) return;
  acceptor_.unwatch();
  pool_.for_each([this](connection& c) { settle(c); });
  set_.become_guest();
  acceptor_.listen();
  arm();
}

}  // namespace cluster::http
