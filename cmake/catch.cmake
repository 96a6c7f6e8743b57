# SPDX-License-Identifier: BSL-1.0
# Catch2 3, or 2.13 as Debian 12 has it. Tests include "support/catch.hpp" and see no difference.
#
# cluster_test_main carries the framework and main(); it is compiled here once for every build tree,
# because a test program that starts itself again as a worker needs its say before Catch2 has its own
# (see tests/support/role.hpp).

find_package(Catch2 3 CONFIG QUIET)
if(NOT Catch2_FOUND)
  find_package(Catch2 2.13 CONFIG QUIET)
endif()
if(NOT Catch2_FOUND)
  message(FATAL_ERROR
    "the tests need Catch2 3 or 2.13 (apt-get install catch2); -D CLUSTER_BUILD_TESTS=OFF builds without")
endif()

add_library(cluster_test_main STATIC "${PROJECT_SOURCE_DIR}/tests/support/main.cpp")
target_compile_features(cluster_test_main PUBLIC cxx_std_20)
target_include_directories(cluster_test_main PUBLIC "${PROJECT_SOURCE_DIR}/tests")
# Where programs built beside the tests lie: <this>/clusterctl, <this>/examples/<name>.
target_compile_definitions(cluster_test_main INTERFACE
  CLUSTER_TEST_BINARY_DIR="${PROJECT_BINARY_DIR}" CLUSTER_TEST_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
target_link_libraries(cluster_test_main PUBLIC Catch2::Catch2 PRIVATE cluster_sanitizers)
