# SPDX-License-Identifier: BSL-1.0
# Our warnings, for our own sources: linked PRIVATE to targets that are never exported, so that no
# user of the library compiles with them.

add_library(cluster_warnings INTERFACE)
target_compile_options(cluster_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wswitch-enum
  -Woverloaded-virtual -Wold-style-cast -Wcast-qual -Wcast-align
  -Wunused -Wdouble-promotion -Wformat=2 -Wundef -Wextra-semi
  $<$<CXX_COMPILER_ID:GNU>:-Wlogical-op -Wduplicated-cond -Wduplicated-branches>
  # Half-filled designated initialisers are how options are meant to be written.
  -Wno-missing-field-initializers
  # Clang only: GCC counts final classes (error categories) among the offenders.
  $<$<CXX_COMPILER_ID:Clang>:-Wnon-virtual-dtor>
  $<$<CXX_COMPILER_ID:Clang>:-Wno-missing-designated-field-initializers -Wno-unknown-warning-option>
  $<$<BOOL:${CLUSTER_DEVELOPER_MODE}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13 AND NOT CLUSTER_DEVELOPER_MODE)
  # Optimised, GCC 12 sees strings of negative sizes that overlap themselves (its bugs 105651 and 105329). Developers'
  # builds keep the warnings: they are not optimised that far.
  target_compile_options(cluster_warnings INTERFACE
    -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds)
endif()
if(CLUSTER_UNITY)
  # Names of sources that have nothing to do with each other.
  target_compile_options(cluster_warnings INTERFACE -Wno-shadow)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CLUSTER_SANITIZE)
  # GCC's flow analysis of instrumented code sees null, uninitialised and short-string paths that do not exist.
  target_compile_options(cluster_warnings INTERFACE -Wno-null-dereference -Wno-maybe-uninitialized -Wno-array-bounds
    -Wno-stringop-overflow -Wno-stringop-overread -Wno-restrict)
  # Asio's fences are in code that one thread runs here; what the sanitizer cannot follow in them is no finding.
  if(CLUSTER_SANITIZE MATCHES "thread")
    target_compile_options(cluster_warnings INTERFACE -Wno-tsan)
  endif()
endif()
