# SPDX-License-Identifier: BSL-1.0
# CLUSTER_SANITIZE=address,undefined or =thread: everything that is built here, libraries and programs.

add_library(cluster_sanitizers INTERFACE)
if(CLUSTER_BUILD_FUZZ)
  # Coverage feedback for the fuzzers, without their main().
  target_compile_options(cluster_sanitizers INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(CLUSTER_SANITIZE)
  target_compile_options(cluster_sanitizers INTERFACE
    -fsanitize=${CLUSTER_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  # Checks of each pointer's use double the time of a build. AddressSanitizer finds what is wrong with them; the
  # fuzzers, which are built with Clang, have them all.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CLUSTER_SANITIZE MATCHES "undefined")
    target_compile_options(cluster_sanitizers INTERFACE -fno-sanitize=null,alignment,object-size,vptr,pointer-overflow)
  endif()
  target_link_options(cluster_sanitizers INTERFACE -fsanitize=${CLUSTER_SANITIZE})
endif()
