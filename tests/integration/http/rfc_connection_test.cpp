// SPDX-License-Identifier: BSL-1.0
// RFC 9112 section 9 and RFC 9110 sections 6 to 10 and 15: connections, expectations, methods, answers.
#include "rfc_cases.hpp"

using namespace cluster::test;
namespace http = cluster::http;

TEST_CASE("RFC 9112 9: connections", "[http][rfc]") {
  const std::string get_root = request("GET / HTTP/1.1");
  check({
      {"9112 9.3", "persistent by default", get_root, {200}, after::kept, {}, {"Connection:"}},
      {"9112 9.3", "HTTP/1.0 ends", request("GET / HTTP/1.0", ""), {200}, after::closed},
      {"9112 9.3",
       "HTTP/1.0 with keep-alive",
       request("GET / HTTP/1.0", "Connection: keep-alive\r\n"),
       {200},
       after::kept,
       {"Connection: keep-alive\r\n", "Content-Length: 4\r\n"}},
      {"9112 9.3",
       "HTTP/1.0, keep-alive in a list",
       request("GET / HTTP/1.0", "Connection: x, Keep-Alive\r\n"),
       {200}},
      {"9112 9.3.2",
       "pipelined ones are answered in order",
       get_root + request("GET /a/1 HTTP/1.1") + get_root + request("GET /a/2 HTTP/1.1"),
       {200, 200, 200, 200},
       after::kept,
       {},
       {},
       "2"},
      {"9112 9.6",
       "close",
       request("GET / HTTP/1.1", "Host: a\r\nConnection: close\r\n"),
       {200},
       after::closed},
      {"9112 9.6",
       "close in a list, other case",
       request("GET / HTTP/1.1", "Host: a\r\nConnection: x, CLOSE\r\n"),
       {200},
       after::closed},
      {"9110 5.3",
       "close on a second line",
       request("GET / HTTP/1.1", "Host: a\r\nConnection: keep-alive\r\nConnection: close\r\n"),
       {200},
       after::closed},
      {"9112 9.6", "the handler's close is announced", request("GET /closes HTTP/1.1"), {200}, after::closed},
      {"9112 9.3",
       "content that nobody wants is no request",
       request("POST /nowhere HTTP/1.1", "Host: a\r\nContent-Length: 35\r\n",
               "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"),
       {404}},
      {"9112 9.3",
       "nor where the method is not allowed",
       request("POST / HTTP/1.1", "Host: a\r\nTransfer-Encoding: chunked\r\n",
               "23\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n\r\n0\r\n\r\n"),
       {405}},
      {"9110 5.6.1",
       "empty elements of Connection",
       request("GET / HTTP/1.1", "Host: a\r\nConnection: , x,, \r\n"),
       {200}},
      {"9110 7.6.1",
       "bad Connection",
       request("GET / HTTP/1.1", "Host: a\r\nConnection: a b\r\n"),
       {400},
       after::closed},
      {"9110 7.8",
       "an Upgrade in HTTP/1.0 is ignored",
       request("GET / HTTP/1.0", "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"),
       {200}},
      {"9110 7.8",
       "an Upgrade may be ignored",
       request("GET / HTTP/1.1", "Host: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"),
       {200}},
  });
}

TEST_CASE("RFC 9110 10.1.1: Expect", "[http][rfc]") {
  const std::string expect = "Expect: 100-continue\r\n";
  check({
      {"9110 10.1.1", "no content, no 100", request("GET / HTTP/1.1", "Host: a\r\n" + expect), {200}},
      {"9110 10.1.1",
       "length of zero, no 100",
       request("POST /echo HTTP/1.1", "Host: a\r\n" + expect + "Content-Length: 0\r\n"),
       {200}},
      {"9110 10.1.1",
       "a final answer instead of 100",
       request("POST /echo HTTP/1.1", "Host: a\r\n" + expect + "Content-Length: 9999999\r\n"),
       {413},
       after::closed},
      {"9110 10.1.1",
       "content that has come already",
       request("POST /echo HTTP/1.1", "Host: a\r\nContent-Length: 9999999\r\n" + expect, "too early"),
       {413},
       after::closed},
      {"9110 10.1.1",
       "another one beside it",
       request("GET / HTTP/1.1", "Host: a\r\nExpect: 100-continue, a-miracle\r\n"),
       {417},
       after::closed},
      {"9110 10.1.1",
       "another expectation",
       request("GET / HTTP/1.1", "Host: a\r\nExpect: a-miracle\r\n"),
       {417},
       after::closed},
      {"9110 10.1.1",
       "ignored in HTTP/1.0",
       request("POST /echo HTTP/1.0", "Connection: keep-alive\r\n" + expect + "Content-Length: 2\r\n", "ok"),
       {200},
       after::kept,
       {},
       {},
       "ok"},
  });
  // Held back until it is asked for.
  running_server server(rfc_routes);
  client c(server.port());
  c.send("PUT /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n");
  const reply interim = c.read();
  CHECK(interim.status == 100);
  CHECK_FALSE(interim.has("Content-Length"));
  CHECK(c.ask("ok").body == "ok");
}

TEST_CASE("RFC 9110 9: methods", "[http][rfc]") {
  check({
      {"9110 9.3.2",
       "HEAD: fields as for GET, no content",
       request("HEAD / HTTP/1.1"),
       {200},
       after::kept,
       {"Content-Length: 4\r\n"}},
      {"9110 9.3.2", "HEAD of what is not there", request("HEAD /nowhere HTTP/1.1"), {404}},
      {"9110 9.3.7",
       "OPTIONS of a resource",
       request("OPTIONS /echo HTTP/1.1"),
       {204},
       after::kept,
       {"Allow: POST, PUT, OPTIONS\r\n"}},
      {"9110 15.5.6",
       "405 says what is allowed",
       request("DELETE / HTTP/1.1"),
       {405},
       after::kept,
       {"\r\nAllow: GET, HEAD, OPTIONS\r\n"}},
      {"9110 9.3.8",
       "TRACE is not offered",
       request("TRACE / HTTP/1.1"),
       {405},
       after::kept,
       {"\r\nAllow: "}},
      {"9110 15.5.5", "404", request("GET /nowhere HTTP/1.1"), {404}, after::kept, {"Content-Length: "}},
  });
}

TEST_CASE("RFC 9110 6 and 15: answers", "[http][rfc]") {
  check({
      {"9110 6.6.1", "Date", request("GET / HTTP/1.1"), {200}, after::kept, {" GMT\r\n"}},
      {"9112 6.3",
       "an answer says how long it is",
       request("GET / HTTP/1.1"),
       {200},
       after::kept,
       {"Content-Length: 4\r\n"},
       {"Transfer-Encoding"}},
      {"9110 8.6",
       "204 has no Content-Length",
       request("GET /none HTTP/1.1"),
       {204},
       after::kept,
       {},
       {"Content-Length", "Transfer-Encoding"}},
      {"9110 15.3.5",
       "204 has no content, whatever the handler says",
       request("GET /none-with-content HTTP/1.1"),
       {204},
       after::kept,
       {},
       {"Content-Length", "Content-Type", "Transfer-Encoding"}},
      {"9110 15.3.6",
       "205 has none and says so",
       request("GET /reset HTTP/1.1"),
       {205},
       after::kept,
       {"\r\nContent-Length: 0\r\n"},
       {"Transfer-Encoding"},
       ""},
      {"9110 15.3.6",
       "nor in pieces",
       request("GET /pieces?reset HTTP/1.1"),
       {205},
       after::kept,
       {"\r\nContent-Length: 0\r\n"},
       {"Transfer-Encoding"},
       ""},
      {"9112 7.1",
       "an answer of unknown length comes in chunks",
       request("GET /pieces HTTP/1.1"),
       {200},
       after::kept,
       {"\r\nTransfer-Encoding: chunked\r\n"},
       {"Content-Length"},
       "piece"},
      {"9110 9.3.2",
       "HEAD of it",
       request("HEAD /pieces HTTP/1.1"),
       {200},
       after::kept,
       {"\r\nTransfer-Encoding: chunked\r\n"},
       {"Content-Length"}},
      {"9112 6.1",
       "and for HTTP/1.0 up to the end of the connection",
       request("GET /pieces HTTP/1.0", "Connection: keep-alive\r\n"),
       {200},
       after::ends,
       {},
       {"Transfer-Encoding", "Content-Length"},
       "piece"},
      {"9110 15.4.5",
       "304 has no content",
       request("GET /unchanged HTTP/1.1"),
       {304},
       after::kept,
       {},
       {"Transfer-Encoding"}},
      {"9112 6.1",
       "no chunks for HTTP/1.0",
       request("GET / HTTP/1.0", "Connection: keep-alive\r\n"),
       {200},
       after::kept,
       {},
       {"Transfer-Encoding"}},
      {"9112 2.3",
       "answers say HTTP/1.1",
       request("GET / HTTP/1.0", "Connection: keep-alive\r\n"),
       {200},
       after::kept,
       {"HTTP/1.1 200 OK\r\n"}},
  });
}

TEST_CASE("RFC 9110 5.5: what a handler sets cannot split its answer", "[http][rfc]") {
  running_server server([](http::router& app) {
    rfc_routes(app);
    const auto with = [](const std::string& name, const std::string& value) {
      return [=] { return http::text("x").set(name, value); };
    };
    app.get("/lf", with("A", "b\nSet-Cookie: c"));
    app.get("/crlf", with("A", "b\r\nSet-Cookie: c"));
    app.get("/nul", with("A", std::string("b\0c", 3)));
    app.get("/name", with("A: b\r\nSet-Cookie", "c"));
    app.get("/length", with("Content-Length", "100"));
    app.get("/coding", with("Transfer-Encoding", "chunked"));
  });
  client c(server.port());
  for (const char* path : {"/lf", "/crlf", "/nul", "/name", "/length", "/coding"}) {
    INFO(path);
    const reply answer = c.ask(get(path));
    CHECK(answer.status == 500);
    CHECK_FALSE(answer.has("Set-Cookie"));
    CHECK(c.ask(get("/")).body == "root");
  }
  CHECK(server.failures().size() == 6);
}

TEST_CASE("RFC 9110 15.5.9: what does not come in time", "[http][rfc]") {
  http::server_options options;
  options.header_time = options.body_progress_time = std::chrono::milliseconds(60);
  running_server server(rfc_routes, options);
  for (const std::string& part :
       {std::string("G"), std::string("GET / HTTP/1.1\r\nHo"),
        request("POST /echo HTTP/1.1", "Host: a\r\nContent-Length: 5\r\n", "hel"),
        request("POST /echo HTTP/1.1", "Host: a\r\nTransfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n")}) {
    INFO(part);
    client c(server.port());
    const reply answer = c.ask(part);
    CHECK(answer.status == 408);
    CHECK(answer.has("\r\nConnection: close\r\n"));
    CHECK(answer.has("\r\nDate: "));
    CHECK(c.closed());
  }
}

TEST_CASE("RFC 9112 8: messages that never end", "[http][rfc]") {
  running_server server(rfc_routes);
  for (const std::string& part :
       {request("POST /echo HTTP/1.1", "Host: a\r\nContent-Length: 5\r\n", "hel"),
        request("POST /echo HTTP/1.1", "Host: a\r\nTransfer-Encoding: chunked\r\n", "5\r\nhel"),
        request("POST /echo HTTP/1.1", "Host: a\r\nTransfer-Encoding: chunked\r\n", "0\r\n"),
        std::string("GET / HTTP/1.1\r\nHost: a\r\n")}) {
    INFO(part);
    client c(server.port());
    c.send(part);
    c.end_sending();
    CHECK(c.read().status != 200);  // no handler has seen it
    CHECK(c.finish() == client::end::eof);
  }
  CHECK(server.counters().requests == 0);
}
