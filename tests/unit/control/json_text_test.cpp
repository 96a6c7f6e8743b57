// SPDX-License-Identifier: BSL-1.0
#include "control/json_text.hpp"

#include "support/catch.hpp"

#include <boost/json/parse.hpp>

#include <cmath>
#include <limits>

using cluster::control::json_text;

TEST_CASE("members and elements are separated, at every depth") {
  json_text json;
  json.open().member("a", 1).key("b").open('[').value(true).value("x").null().open().close().close(']');
  json.key("c").open().close().member("d", 2.5).close();
  CHECK(json.text() == R"({"a":1,"b":[true,"x",null,{}],"c":{},"d":2.5})");
}

TEST_CASE("whatever is in a text, the JSON is valid") {
  json_text json;
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  json.open().member(all, all).close();
  boost::system::error_code ec;
  boost::json::parse(json.text(), ec);
  CHECK_FALSE(ec.failed());
}

TEST_CASE("numbers that JSON does not have are null") {
  json_text json;
  json.open('[').value(std::nan("")).value(std::numeric_limits<double>::infinity()).value(-1).close(']');
  CHECK(json.text() == "[null,null,-1]");
}
