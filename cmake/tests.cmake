# SPDX-License-Identifier: BSL-1.0
# Test programs. Each is one ctest entry with the label of its kind; the test cases in it are counted
# by ./dev test from what they print.
#
#   cluster_unit_test(<name> SOURCES a.cpp ... MODULES policy ... [LINK targets...] [PCH asio|beast])
#   cluster_integration_test(...)  the same; real processes and sockets, modules' private headers
#   cluster_scenario_test(<name> SOURCES ... [DEPENDS program targets...] [HTTP] ...)
#                                  whole programs from outside; links the public libraries
#
# A test of modules or programs that are not part of this build is left out, and says so.

# All tests of one kind, for building no more than is to be run.
foreach(kind IN ITEMS unit integration scenario)
  add_custom_target(cluster_${kind}_tests)
endforeach()

function(cluster_add_test kind name)
  cmake_parse_arguments(arg "HTTP" "PCH;TIMEOUT" "SOURCES;MODULES;LINK;DEPENDS" ${ARGN})
  set(target ${kind}_${name})
  cluster_module_closure(modules ${arg_MODULES})
  foreach(module IN LISTS modules)
    if(NOT TARGET cluster_${module}_objects)
      message(STATUS "${target}: left out, module ${module} is not part of this build")
      return()
    endif()
  endforeach()
  foreach(program IN LISTS arg_DEPENDS)
    if(NOT TARGET ${program})
      message(STATUS "${target}: left out, ${program} is not part of this build")
      return()
    endif()
  endforeach()
  add_executable(${target} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE cluster_test_main cluster_common_flags ${arg_LINK})
  foreach(module IN LISTS modules)
    target_link_libraries(${target} PRIVATE cluster_${module}_objects)
  endforeach()
  # The framework's macros are compiled as ours; they do not hold to all of our warnings.
  target_compile_options(${target} PRIVATE -Wno-old-style-cast -Wno-null-dereference
    $<$<CXX_COMPILER_ID:Clang>:-Wno-unused-member-function>)
  cluster_target_defaults(${target})
  cluster_in_large_pieces(${target})
  if(arg_PCH AND NOT arg_PCH STREQUAL "none")
    cluster_use_pch(${target} ${arg_PCH})
  endif()
  if(arg_DEPENDS)
    add_dependencies(${target} ${arg_DEPENDS})
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  add_dependencies(cluster_${kind}_tests ${target})
  add_test(NAME ${target} COMMAND ${target})
  set_tests_properties(${target} PROPERTIES LABELS ${kind} TIMEOUT ${arg_TIMEOUT}
    ENVIRONMENT "${CLUSTER_TEST_ENVIRONMENT}")
  if(kind STREQUAL "scenario")
    # They load the machine and judge times; two at once would judge each other.
    set_tests_properties(${target} PROPERTIES RUN_SERIAL ON)
  endif()
endfunction()

function(cluster_unit_test name)
  cluster_add_test(unit ${name} ${ARGN})
endfunction()

function(cluster_integration_test name)
  cluster_add_test(integration ${name} ${ARGN})
endfunction()

function(cluster_scenario_test name)
  cmake_parse_arguments(arg "HTTP" "" "" ${ARGN})
  set(libraries cluster)
  if(arg_HTTP)
    list(APPEND libraries cluster_http)
  endif()
  cluster_add_test(scenario ${name} ${ARGN})
  if(TARGET scenario_${name})
    target_link_libraries(scenario_${name} PRIVATE ${libraries})
  endif()
endfunction()

# A program that tests start; not a test itself. Lies at <build>/tests/<name>.
#   cluster_test_program(<name> SOURCES ... [MODULES ...] [LINK ...])
function(cluster_test_program name)
  cmake_parse_arguments(arg "" "PCH" "SOURCES;MODULES;LINK" ${ARGN})
  cluster_module_closure(modules ${arg_MODULES})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE cluster_common_flags ${arg_LINK})
  foreach(module IN LISTS modules)
    target_link_libraries(${name} PRIVATE cluster_${module}_objects)
  endforeach()
  cluster_target_defaults(${name})
  if(arg_PCH)
    cluster_use_pch(${name} ${arg_PCH})
  endif()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
endfunction()

# Fuzzers: libFuzzer programs at <build>/fuzz/<name>.
#   cluster_fuzzer(<name> SOURCES ... MODULES ... [CORPUS folder])
function(cluster_fuzzer name)
  cmake_parse_arguments(arg "" "" "SOURCES;MODULES;LINK" ${ARGN})
  cluster_module_closure(modules ${arg_MODULES})
  add_executable(fuzz_${name} ${arg_SOURCES})
  target_link_libraries(fuzz_${name} PRIVATE cluster_common_flags ${arg_LINK})
  foreach(module IN LISTS modules)
    target_link_libraries(fuzz_${name} PRIVATE cluster_${module}_objects)
  endforeach()
  cluster_target_defaults(fuzz_${name})
  target_compile_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  set_target_properties(fuzz_${name} PROPERTIES
    OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/fuzz")
  add_dependencies(cluster_fuzzers fuzz_${name})
endfunction()
