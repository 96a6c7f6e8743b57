// SPDX-License-Identifier: BSL-1.0
#include "run/signals.hpp"
#include "support/catch.hpp"

#include <signal.h>

using namespace cluster;
using namespace std::chrono_literals;

TEST_CASE("a signal on its way when the rules are cancelled keeps nothing running", "[signals]") {
  // So many steps of the loop before cancel(): in one of them the signal has come out of the kernel and its
  // handler has not run yet.
  for (int steps = 0; steps <= 6; ++steps) {
    INFO("steps: " << steps);
    options settings;
    settings.listen = {};
    settings.log.level = log_level::off;
    boost::asio::io_context context(1);
    supervisor master(context.get_executor(), settings);
    run_detail::signal_rules rules(context, master, settings);
    ::raise(SIGUSR1);
    for (int i = 0; i < steps; ++i) context.poll_one();
    rules.cancel();
    context.restart();
    context.run_for(2s);
    CHECK(context.stopped());  // by itself: there was nothing left to wait for
  }
}
