// SPDX-License-Identifier: BSL-1.0
#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#else
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#endif

#include "support/role.hpp"

#include <cstdio>
#include <cstring>

namespace cluster::test {
namespace {
const role* first_role = nullptr;
}

role::role(const char* name, main_function main) noexcept : name(name), main(main), next(first_role) {
  first_role = this;
}

}  // namespace cluster::test

int main(int argc, char** argv) {
  if (argc > 2 && std::strcmp(argv[1], "--role") == 0) {
    for (auto* each = cluster::test::first_role; each != nullptr; each = each->next) {
      if (std::strcmp(each->name, argv[2]) != 0) continue;
      argv[2] = argv[0];
      return each->main(argc - 2, argv + 2);
    }
    std::fprintf(stderr, "no role of that name in this test: %s\n", argv[2]);
    return 2;
  }
  return Catch::Session().run(argc, argv);
}
