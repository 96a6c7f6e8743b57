// SPDX-License-Identifier: BSL-1.0
#include "ipc/desk.hpp"
#include "support/catch.hpp"

#include <boost/asio/io_context.hpp>

#include <optional>
#include <stdexcept>
#include <string>

using namespace cluster;
using namespace std::chrono_literals;
using kind = ipc::note::kind;

namespace {

struct office {
  boost::asio::io_context context;
  ipc::desk it{context.get_executor()};
  std::string said;  ///< what went back
  std::string complaint;

  office() {
    it.on_exception = [this](const std::string& where, const std::string& what) {
      complaint = where + ": " + what;
    };
  }
  void deliver(kind what, std::uint64_t from, std::uint64_t number, const std::string& data) {
    ipc::note head{what, {from}, number};
    head.data = data;
    REQUIRE_FALSE(it.deliver(head, {}, [this](const ipc::note& back, const message& content) {
      said += std::to_string(back.peer.value) + "/" + std::to_string(back.number) + " " +
              (back.what == kind::reply ? content.data : "failed " + make_error_code(back.why).message()) +
              ";";
    }));
  }
};

const std::string refused = make_error_code(error::not_handled).message();

}  // namespace

TEST_CASE("a message goes to its handler, and nowhere without one", "[desk]") {
  office o;
  o.deliver(kind::message, 3, 0, "nobody hears");
  std::string heard;
  o.it.on_message = [&](worker_id from, message&& what) { heard = std::to_string(from.value) + what.data; };
  o.deliver(kind::message, 3, 0, " hello");
  CHECK(heard == "3 hello");
  CHECK(o.said.empty());
}

TEST_CASE("a message that begins with a topic goes to the topic's handler", "[desk]") {
  office o;
  std::string heard;
  const auto hear = [&heard](const std::string& who) {
    return [&heard, who](worker_id, message&& what) { heard += who + ":" + what.data + ";"; };
  };
  o.it.set_topic("a", hear("a"));
  CHECK(o.it.has_handler(kind::message));
  o.it.set_topic("a/b", hear("a/b"));
  o.deliver(kind::message, 1, 0, "b");  // nobody's
  o.it.on_message = hear("rest");
  for (const char* each : {"a/c", "a/b", "a/bc", "b", "", "a"}) o.deliver(kind::message, 1, 0, each);
  CHECK(heard == "a:a/c;a/b:a/b;a/b:a/bc;rest:b;rest:;a:a;");
  heard.clear();
  o.it.set_topic("a/b", {});
  o.it.set_topic("unknown", {});
  o.deliver(kind::message, 1, 0, "a/b");
  o.it.set_topic("a", [&o, &hear](worker_id, message&&) { o.it.set_topic("a", hear("new")); });
  o.deliver(kind::message, 1, 0, "a");
  o.deliver(kind::message, 1, 0, "a");
  CHECK(heard == "a:a/b;new:a;");
}

TEST_CASE("a request is answered once, now or later", "[desk]") {
  office o;
  std::optional<responder> kept;
  o.it.on_request = [&](worker_id, message&& what, responder answer) {
    if (what.data == "later") kept = std::move(answer);
    else {
      answer({what.data + "!", {}});
      answer({"twice", {}});
    }
  };
  o.deliver(kind::request, 1, 10, "now");
  CHECK(o.said == "1/10 now!;");
  o.deliver(kind::request, 2, 11, "later");
  CHECK(o.said == "1/10 now!;");
  const responder other = *kept;
  (*kept)({"at last", {}});
  other({"again", {}});
  kept.reset();
  CHECK(o.said == "1/10 now!;2/11 at last;");
}

TEST_CASE("a request that nobody answers is refused, not left open", "[desk]") {
  office o;
  o.deliver(kind::request, 1, 10, "no handler");
  CHECK(o.said == "1/10 failed " + refused + ";");
  o.said.clear();
  o.it.on_request = [](worker_id, message&&, const responder&) {};
  o.deliver(kind::request, 1, 11, "a handler that forgets");
  CHECK(o.said == "1/11 failed " + refused + ";");
  o.said.clear();
  o.it.on_request = [](worker_id, message&&, const responder&) { throw std::runtime_error("no"); };
  o.deliver(kind::request, 1, 12, "a handler that throws");
  CHECK(o.said == "1/12 failed " + refused + ";");
  CHECK(o.complaint == "request handler: no");
}

TEST_CASE("replies find their request", "[desk]") {
  office o;
  std::string seen;
  const auto ask = [&] {
    return o.it.asked.add({4}, 10s,
                          [&](error_code ec, const message& what) { seen = ec ? ec.message() : what.data; });
  };
  CHECK_FALSE(o.it.has_handler(kind::reply));
  o.deliver(kind::reply, 4, ask(), "yes");
  o.context.poll();
  CHECK(seen == "yes");
  ipc::note failed{kind::failed, {4}, ask()};
  failed.why = error::queue_full;
  CHECK(o.it.has_handler(kind::failed));
  REQUIRE_FALSE(o.it.deliver(failed, {}, {}));
  o.context.restart();
  o.context.poll();
  CHECK(seen == make_error_code(error::queue_full).message());
}
