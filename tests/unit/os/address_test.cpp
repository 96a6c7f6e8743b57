// SPDX-License-Identifier: BSL-1.0
#include "os/address.hpp"
#include "support/catch.hpp"

using namespace cluster::os;

namespace {

listen_address tcp(std::string host, std::uint16_t port, bool v6_only = false) {
  listen_address address;
  address.host = std::move(host);
  address.port = port;
  address.v6_only = v6_only;
  return address;
}

listen_address local(std::string path) {
  listen_address address;
  address.what = listen_address::kind::unix_socket;
  address.path = std::move(path);
  return address;
}

listen_address inherited(int fd) {
  listen_address address;
  address.what = listen_address::kind::inherited;
  address.fd = fd;
  return address;
}

listen_address managed(std::string name) {
  listen_address address;
  address.what = listen_address::kind::service_manager;
  address.name = std::move(name);
  return address;
}

struct good_case {
  std::string text;
  listen_address address;
};

struct bad_case {
  std::string text;
  std::string complaint;  ///< part of it
};

}  // namespace

TEST_CASE("each documented form of a listen address is understood") {
  const auto each = GENERATE(values<good_case>({
      {"3000", tcp("", 3000)},
      {":3000", tcp("", 3000)},
      {"*:3000", tcp("", 3000)},
      {"0", tcp("", 0)},
      {":0", tcp("", 0)},
      {"65535", tcp("", 65535)},
      {"127.0.0.1:8000", tcp("127.0.0.1", 8000)},
      {"0.0.0.0:80", tcp("0.0.0.0", 80)},
      {"localhost:8000", tcp("localhost", 8000)},
      {"my-host.example.org:1", tcp("my-host.example.org", 1)},
      {"[::1]:3000", tcp("::1", 3000)},
      {"[::]:3000", tcp("::", 3000)},
      {"[fe80::1%eth0]:3000", tcp("fe80::1%eth0", 3000)},
      {"tcp://3000", tcp("", 3000)},
      {"tcp://:3000", tcp("", 3000)},
      {"tcp://[::]:3000", tcp("::", 3000)},
      {"tcp://[::]:3000?v6only=1", tcp("::", 3000, true)},
      {"tcp://[::]:3000?v6only=0", tcp("::", 3000, false)},
      {"[::]:3000?v6only=1", tcp("::", 3000, true)},
      {":3000?v6only=1", tcp("", 3000, true)},
      {"tcp://example.org:443", tcp("example.org", 443)},
      {"unix:/run/app.sock", local("/run/app.sock")},
      {"unix:///run/app.sock", local("/run/app.sock")},
      {"unix:app.sock", local("app.sock")},
      {"unix:/run/a b:c?d", local("/run/a b:c?d")},
      {"fd:0", inherited(0)},
      {"fd:3", inherited(3)},
      {"systemd:", managed("")},
      {"systemd:web", managed("web")},
  }));
  std::string why = "untouched";
  INFO("text: " << each.text);
  const auto parsed = parse_listen_address(each.text, why);
  INFO("why: " << why);
  REQUIRE(parsed);
  CHECK(*parsed == each.address);
}

TEST_CASE("a bad listen address is refused with what is wrong with it") {
  const auto each = GENERATE(values<bad_case>({
      {"", "empty"},
      {std::string("30") + '\0' + "00", "zero byte"},
      {std::string("unix:/a\0b", 9), "zero byte"},
      {"localhost", "port is missing"},
      {"localhost:", "not a number from 0 to 65535"},
      {":", "not a number from 0 to 65535"},
      {"tcp://", "not a number from 0 to 65535"},
      {"65536", "not a number from 0 to 65535"},
      {"127.0.0.1:99999", "not a number from 0 to 65535"},
      {"127.0.0.1:http", "not a number from 0 to 65535"},
      {"127.0.0.1:-1", "not a number from 0 to 65535"},
      {"127.0.0.1:80 ", "not a number from 0 to 65535"},
      {"127.0.0.1:80/", "not a number from 0 to 65535"},
      {"::1:3000", "brackets"},
      {"[::1", "']'"},
      {"[::1]", "':port' is missing"},
      {"[::1]3000", "':port' is missing"},
      {"[]:3000", "no address"},
      {"a/b:80", "no '/'"},
      {"user@host:80", "'@'"},
      {"a host:80", "space"},
      {"127.0.0.1:80?v6only=1", "needs an IPv6 address"},
      {"localhost:80?v6only=1", "needs an IPv6 address"},
      {"[::]:80?v6only=2", "v6only"},
      {"[::]:80?backlog=0", "backlog"},
      {"[::]:80?mode=600", "'mode=600' is no parameter of a tcp address"},
      {"80?name=a b", "'name=a b'"},
      {"80?keep-alive=1&", "''"},
      {"80?defer-accept=3601", "defer-accept"},
      {"unix:/a?mode=888", "'mode=888' is no parameter of a unix address"},
      {"unix:/a?mode=1777", "mode"},
      {"unix:/a?v6only=1", "v6only"},
      {"[::]:80?", "v6only"},
      {"unix:", "path"},
      {"unix://", "path"},
      {"unix:/run/", "path"},
      {"fd:", "descriptor number"},
      {"fd:-1", "descriptor number"},
      {"fd:three", "descriptor number"},
      {"fd:99999999999", "descriptor number"},
      {"http://localhost:80", "'http'"},
      {"udp://[::]:53", "'udp'"},
      {"TCP://[::]:53", "'TCP'"},
  }));
  INFO("text: '" << each.text << "'");
  std::string why;
  CHECK_FALSE(parse_listen_address(each.text, why));
  INFO("why: " << why);
  CHECK(why.find(each.complaint) != std::string::npos);
  CHECK(why.find('\n') == std::string::npos);
}

TEST_CASE("a listener's own parameters are read") {
  std::string why;
  const auto tcp = cluster::os::parse_listen_address(
      "tcp://[::]:80?name=web&backlog=7&v6only=1&keep-alive=1&defer-accept=5&fast-open=16", why);
  REQUIRE(tcp);
  CHECK(tcp->name == "web");
  CHECK(tcp->backlog == 7);
  CHECK(tcp->v6_only);
  CHECK(tcp->keep_alive);
  CHECK(tcp->defer_accept == 5);
  CHECK(tcp->fast_open == 16);
  const auto local = cluster::os::parse_listen_address("unix:/run/a?mode=600&name=local", why);
  REQUIRE(local);
  CHECK(local->path == "/run/a");
  CHECK(local->mode == 0600U);
  CHECK(local->name == "local");
}
