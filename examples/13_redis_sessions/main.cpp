// SPDX-License-Identifier: BSL-1.0
// Sessions that are nobody's own: they lie in Redis, so any worker serves any client, and a reload, a crash
// or another machine loses none.
//   examples/13_redis_sessions/run      starts a Redis of its own and this; then: curl -c jar -b jar :8000
// Where Redis is, it learns from REDIS_SOCKET (a path), as the script sets it, or it is 127.0.0.1:6379.
#include <cluster/cluster.hpp>
#include <cluster/http.hpp>

#include <boost/asio/thread_pool.hpp>

#include <hiredis/hiredis.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>

#include <sys/random.h>

namespace http = cluster::http;

namespace {

constexpr std::chrono::seconds session_time{3600};
constexpr timeval patience{2, 0};

using connection = std::unique_ptr<redisContext, decltype(&redisFree)>;
using reply = std::unique_ptr<redisReply, decltype(&freeReplyObject)>;

connection connect() {
  const char* path = std::getenv("REDIS_SOCKET");
  connection made(path != nullptr ? redisConnectUnixWithTimeout(path, patience)
                                  : redisConnectWithTimeout("127.0.0.1", 6379, patience),
                  redisFree);
  if (!made || made->err != 0) throw std::runtime_error(made ? made->errstr : "no memory for a connection");
  redisSetTimeout(made.get(), patience);
  return made;
}

// One connection for each thread of the pool, made anew when it has failed.
template <class... Values>
reply ask(const char* format, Values... values) {
  static thread_local connection redis{nullptr, redisFree};
  if (!redis || redis->err != 0) redis = connect();
  reply got(static_cast<redisReply*>(redisCommand(redis.get(), format, values...)), freeReplyObject);
  if (!got) throw std::runtime_error(redis->errstr);
  if (got->type == REDIS_REPLY_ERROR) throw std::runtime_error(got->str);
  return got;
}

std::string new_id() {
  unsigned char octets[16];
  if (::getrandom(octets, sizeof octets, 0) != sizeof octets) throw std::runtime_error("no random numbers");
  std::string id;
  for (const unsigned char each : octets) {
    constexpr char digits[] = "0123456789abcdef";
    id += digits[each >> 4];
    id += digits[each & 15];
  }
  return id;
}

bool may_be_id(std::string_view text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

http::response visit(const http::request& request, const std::string& worker) {
  std::string id(request.cookie("session"));
  // What a client made up itself is no session: it gets one of ours.
  if (!may_be_id(id) || ask("EXISTS session:%s", id.c_str())->integer == 0) id = new_id();
  const long long visits = ask("HINCRBY session:%s visits 1", id.c_str())->integer;
  ask("EXPIRE session:%s %lld", id.c_str(), static_cast<long long>(session_time.count()));
  http::response answer =
      http::text("visit " + std::to_string(visits) + ", served by worker " + worker + "\n");
  // Behind TLS leave `secure` as it is.
  return http::set_cookie(std::move(answer),
                          {.name = "session", .value = id, .max_age = session_time, .secure = false});
}

}  // namespace

int main(int argc, char** argv) {
  return cluster::run(argc, argv, {.name = "sessions"}, [](cluster::worker& self) {
    ask("PING");  // a worker that cannot reach its Redis does not become ready, and says why
    boost::asio::thread_pool pool(4);
    http::router app;
    app.get("/", http::in_pool(pool.get_executor(),
                               [worker = std::to_string(self.id().value)](const http::request& request) {
                                 return visit(request, worker);
                               }));
    const int code = http::serve(self, app);
    pool.join();
    return code;
  });
}
