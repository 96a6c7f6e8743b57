# SPDX-License-Identifier: BSL-1.0
# The one file that looks for Boost; the installed package file repeats only what a static link needs.
#
# Config mode, because the find module is gone from newer CMake. Never the component `system`: its
# package file vanished in 1.89, and it has been header-only for long.

find_package(Threads REQUIRED)

set(CLUSTER_BOOST_COMPONENTS json)   # private: configuration files, JSON log lines

if(TARGET Boost::headers AND TARGET Boost::json)
  # The surrounding project brought its own Boost; take it as it is.
else()
  if(cluster_carries_runtime AND NOT DEFINED Boost_USE_STATIC_LIBS)
    set(Boost_USE_STATIC_LIBS ON)
    find_package(Boost 1.81 CONFIG QUIET COMPONENTS headers ${CLUSTER_BOOST_COMPONENTS})
    if(NOT Boost_FOUND)
      set(Boost_USE_STATIC_LIBS OFF)
    endif()
  endif()
  find_package(Boost 1.81 CONFIG QUIET COMPONENTS headers ${CLUSTER_BOOST_COMPONENTS})
  if(NOT Boost_FOUND)
    message(FATAL_ERROR
      "cluster needs Boost 1.81 or newer with the compiled library Boost.JSON.\n"
      "  Debian 12: apt-get install libboost1.81-dev libboost-json1.81-dev\n"
      "             (plain libboost-dev is 1.74 there, which is too old)\n"
      "  elsewhere: apt-get install libboost-dev libboost-json-dev, or set Boost_ROOT")
  endif()
endif()

# Boost.Process v2 is what the command line and the tests start programs with. Up to 1.85 it is
# header-only and stands on Boost.Filesystem; from 1.86 on it is a compiled library.
# cluster_boost_process is that choice as one target; it is not there when the libraries are not.
function(cluster_find_boost_process)
  if(TARGET cluster_boost_process)
    return()
  endif()
  if(Boost_VERSION VERSION_GREATER_EQUAL 1.86)
    set(wanted process)
  else()
    set(wanted filesystem)
  endif()
  if(NOT TARGET Boost::${wanted})
    find_package(Boost ${Boost_VERSION} EXACT CONFIG QUIET COMPONENTS ${wanted})
  endif()
  if(NOT TARGET Boost::${wanted})
    message(STATUS "cluster: Boost.Process cannot be linked (no compiled library boost_${wanted})")
    return()
  endif()
  add_library(cluster_boost_process INTERFACE)
  target_link_libraries(cluster_boost_process INTERFACE Boost::headers Boost::${wanted} Threads::Threads)
endfunction()
