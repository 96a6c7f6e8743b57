# SPDX-License-Identifier: BSL-1.0
# Every worker is a start of the program, and a third of that is the dynamic linker's work for the C++ runtime and
# Boost.JSON: programs that carry them start faster and share more memory. Where a static form is not installed,
# the shared one is taken.

option(CLUSTER_STATIC_RUNTIME "Programs carry the C++ runtime and Boost's compiled libraries" OFF)
set(cluster_carries_runtime OFF)
if(NOT CLUSTER_STATIC_RUNTIME OR CLUSTER_SANITIZE)
  return()
endif()
if(BUILD_SHARED_LIBS)
  message(STATUS "cluster: shared libraries, so programs share their C++ runtime too")
  return()
endif()

include(CheckCXXSourceCompiles)
set(cluster_static_runtime -static-libstdc++ -static-libgcc -Wl,--gc-sections)
set(CMAKE_REQUIRED_LINK_OPTIONS ${cluster_static_runtime})
check_cxx_source_compiles("#include <iostream>\nint main() { std::cout << 1; }" CLUSTER_HAS_STATIC_RUNTIME)
unset(CMAKE_REQUIRED_LINK_OPTIONS)
if(CLUSTER_HAS_STATIC_RUNTIME)
  set(cluster_carries_runtime ON)
  list(JOIN cluster_static_runtime " " cluster_static_runtime)
  string(APPEND CMAKE_EXE_LINKER_FLAGS " ${cluster_static_runtime}")
endif()
