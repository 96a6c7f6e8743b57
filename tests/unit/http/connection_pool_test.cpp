// SPDX-License-Identifier: BSL-1.0
#include "http/connection_pool.hpp"
#include "support/catch.hpp"

#include <set>

using namespace cluster::http;

TEST_CASE("connection objects are used again, but not while something points to them", "[http][pool]") {
  connection_pool pool;
  connection& a = pool.open(10);
  connection& b = pool.open(11);
  CHECK(pool.open_count() == 2);
  b.unread.append("left over");
  pool.close(b);
  CHECK(b.at == phase::dead);
  CHECK(pool.open_count() == 1);
  CHECK(&pool.open(12) != &b);
  pool.recycle();
  connection& again = pool.open(13);
  CHECK(&again == &b);
  CHECK(again.unread.empty());
  CHECK(again.at == phase::idle);

  a.queued = true;
  pool.close(a);
  pool.recycle();
  CHECK(&pool.open(14) != &a);
  a.queued = false;
  pool.recycle();
  CHECK(&pool.open(15) == &a);
}

TEST_CASE("open connections are listed, whatever is closed on the way", "[http][pool]") {
  connection_pool pool;
  for (int i = 0; i < 200; ++i) pool.open(i);
  std::set<int> seen;
  pool.for_each([&](connection& c) {
    seen.insert(c.fd);
    if (c.fd % 2 == 0) pool.close(c);
  });
  CHECK(seen.size() == 200);
  CHECK(pool.open_count() == 100);
  int left = 0;
  pool.for_each([&](connection& c) { left += c.fd % 2; });
  CHECK(left == 100);
}

TEST_CASE("an idle connection is small", "[http][pool]") { CHECK(sizeof(connection) <= 256); }
