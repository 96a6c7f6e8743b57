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
  # Two checks of each pointer's use make a build a quarter longer. What is null ends a program anyway, and the
  # fuzzers, which are built with Clang, have both. Types of objects are looked at through a pipe: in a process that
  # has used up its descriptors every object is a wrong one.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CLUSTER_SANITIZE MATCHES "undefined")
    target_compile_options(cluster_sanitizers INTERFACE -fno-sanitize=null,alignment,vptr)
  endif()
  target_link_options(cluster_sanitizers INTERFACE -fsanitize=${CLUSTER_SANITIZE})
endif()
