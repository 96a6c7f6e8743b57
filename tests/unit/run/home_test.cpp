// SPDX-License-Identifier: BSL-1.0
// Where workers find their next supervisor if nobody says so.
#include "run/home.hpp"
#include "support/catch.hpp"

#include <stdlib.h>

using namespace cluster;
using namespace cluster::run_detail;

namespace {

options with(std::vector<std::string> listen) {
  options result;
  result.name = "shop";
  result.listen = std::move(listen);
  return result;
}

struct in_runtime_folder {
  in_runtime_folder() { ::setenv("XDG_RUNTIME_DIR", "/nowhere", 1); }
  ~in_runtime_folder() { ::unsetenv("XDG_RUNTIME_DIR"); }
};

}  // namespace

TEST_CASE("the same name and addresses are one cluster, others are another one") {
  const in_runtime_folder here;
  const std::string one = default_rendezvous(with({":3000", "unix:/run/shop.sock"}));
  CHECK(one.starts_with("/nowhere/cluster/shop-"));
  CHECK(one.ends_with(".home"));
  CHECK(default_rendezvous(with({":3000", "unix:/run/shop.sock"})) == one);
  CHECK(default_rendezvous(with({":3001", "unix:/run/shop.sock"})) != one);
  CHECK(default_rendezvous(with({":3000unix:/run/shop.sock"})).empty());
  options other = with({":3000", "unix:/run/shop.sock"});
  other.name = "shed";
  CHECK(default_rendezvous(other) != one);
}

TEST_CASE("where the place would not be the same again there is none") {
  const in_runtime_folder here;
  const auto listen = GENERATE(as<std::string>{}, "127.0.0.1:0", "fd:3", "systemd:", "nonsense:::");
  CHECK(default_rendezvous(with({":3000", listen})).empty());
  CHECK(default_rendezvous(with({})).empty());
  options private_workers = with({":3000"});
  private_workers.user = "www";
  CHECK(default_rendezvous(private_workers).empty());
  options closed = with({":3000"});
  closed.control = "off";
  CHECK(default_rendezvous(closed).empty());
}

TEST_CASE("a control socket of one's own brings its rendezvous along, unless it is too long or refused") {
  options settings = with({"127.0.0.1:0"});
  settings.control = "/run/shop/control";
  CHECK(default_rendezvous(settings) == "/run/shop/control.home");
  settle_rendezvous(settings);
  CHECK(settings.rendezvous == "/run/shop/control.home");
  settings.rendezvous = "/elsewhere";
  settle_rendezvous(settings);
  CHECK(settings.rendezvous == "/elsewhere");
  settings.rendezvous = "off";
  settle_rendezvous(settings);
  CHECK(settings.rendezvous.empty());
  settings.control = "/" + std::string(90, 'c');
  CHECK(default_rendezvous(settings).empty());
}

TEST_CASE("a folder that cannot be had means none") {
  const in_runtime_folder here;
  options settings = with({":3000"});
  settle_rendezvous(settings);
  CHECK(settings.rendezvous.empty());
}
