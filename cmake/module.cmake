# SPDX-License-Identifier: BSL-1.0
# One folder under src/ is one module is one object library `cluster_<module>_objects`; http is two, since its
# cold part has options of its own. Modules see private headers of each other as "module/header.hpp"; who may
# see whom is checked by the structure test, here DEPENDS only says what has to be linked along.
#
#   cluster_module(<name> SOURCES a.cpp ... [DEPENDS modules...] [LINK targets...] [PCH asio|beast])

# What every target of ours has in common. Equal flags everywhere are also what lets all of them
# share one precompiled header.
add_library(cluster_common_flags INTERFACE)
target_compile_features(cluster_common_flags INTERFACE cxx_std_20)
target_compile_definitions(cluster_common_flags INTERFACE $<$<BOOL:${BUILD_SHARED_LIBS}>:CLUSTER_SHARED>)
target_include_directories(cluster_common_flags INTERFACE
  "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/src")
# Boost's include folder as a system one: its warnings are not ours.
target_include_directories(cluster_common_flags SYSTEM INTERFACE
  $<TARGET_PROPERTY:Boost::headers,INTERFACE_INCLUDE_DIRECTORIES>)
target_link_libraries(cluster_common_flags INTERFACE
  cluster_warnings cluster_sanitizers Boost::headers Threads::Threads)

function(cluster_target_defaults target)
  set_target_properties(${target} PROPERTIES
    CXX_EXTENSIONS OFF
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
  if(BUILD_SHARED_LIBS)
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  endif()
endfunction()

# Where nothing is done for each request, small is better than fast: it is most of a program's size.
set(CLUSTER_COLD_MODULES common control ctl http_cold ipc os policy run supervisor tls worker)
if(NOT CMAKE_BUILD_TYPE STREQUAL "Release")
  set(CLUSTER_COLD_MODULES "")
endif()

# Several sources compiled as one, where CLUSTER_UNITY asks for it: names of one folder are then in each other's way,
# unnamed namespaces or not. Every other build still compiles each source by itself.
function(cluster_in_large_pieces target)
  if(CLUSTER_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 5)
  endif()
endfunction()

# Precompiled headers: compiled once, reused by every module and test that asks for them with the same options.
#   cluster_use_pch(<target> <asio|beast> [options...])
function(cluster_use_pch target which)
  if(NOT CLUSTER_PCH)
    return()
  endif()
  string(JOIN "" pch cluster_pch_${which} ${ARGN})
  if(NOT TARGET ${pch})
    set(empty "${PROJECT_BINARY_DIR}/${pch}.cpp")
    file(CONFIGURE OUTPUT "${empty}" CONTENT "// Carries the precompiled header; empty on purpose.\n")
    add_library(${pch} OBJECT "${empty}")
    target_link_libraries(${pch} PUBLIC cluster_common_flags)
    target_precompile_headers(${pch} PRIVATE "${PROJECT_SOURCE_DIR}/cmake/pch/${which}.hpp")
    cluster_target_defaults(${pch})
    target_compile_options(${pch} PRIVATE ${ARGN})
  endif()
  target_precompile_headers(${target} REUSE_FROM ${pch})
endfunction()

function(cluster_module name)
  cmake_parse_arguments(arg "" "PCH" "SOURCES;DEPENDS;LINK" ${ARGN})
  set(target cluster_${name}_objects)
  add_library(${target} OBJECT ${arg_SOURCES})
  target_link_libraries(${target} PUBLIC cluster_common_flags ${arg_LINK})
  cluster_target_defaults(${target})
  cluster_in_large_pieces(${target})
  set(options "")
  if(name IN_LIST CLUSTER_COLD_MODULES)
    set(options -Os)
  endif()
  target_compile_options(${target} PRIVATE ${options})
  if(arg_PCH AND NOT arg_PCH STREQUAL "none")
    cluster_use_pch(${target} ${arg_PCH} ${options})
  endif()
  set_property(TARGET ${target} PROPERTY CLUSTER_DEPENDS "${arg_DEPENDS}")
  set_property(TARGET ${target} PROPERTY CLUSTER_LINK "${arg_LINK}")
endfunction()

# All modules that the given ones need, themselves included. Object files are linked by name only,
# never through a chain, so whoever links a module has to name the whole set.
function(cluster_module_closure out)
  set(todo ${ARGN})
  set(done "")
  while(todo)
    list(POP_FRONT todo module)
    if(NOT module IN_LIST done)
      list(APPEND done ${module})
      if(TARGET cluster_${module}_objects)
        get_target_property(more cluster_${module}_objects CLUSTER_DEPENDS)
        if(more)
          list(APPEND todo ${more})
        endif()
      endif()
    endif()
  endwhile()
  set(${out} ${done} PARENT_SCOPE)
endfunction()

# Merges modules into a library that users link.
function(cluster_merge_modules target)
  foreach(module IN LISTS ARGN)
    if(TARGET cluster_${module}_objects)
      target_sources(${target} PRIVATE $<TARGET_OBJECTS:cluster_${module}_objects>)
      get_target_property(link cluster_${module}_objects CLUSTER_LINK)
      if(link)
        target_link_libraries(${target} PRIVATE ${link})
      endif()
    endif()
  endforeach()
endfunction()
