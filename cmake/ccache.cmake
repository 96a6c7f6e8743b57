# SPDX-License-Identifier: BSL-1.0
# A compiler cache where there is one. With precompiled headers it needs to be told that they do not
# depend on the time of day; without that it would cache nothing that uses them.
if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(CLUSTER_CCACHE ccache)
  mark_as_advanced(CLUSTER_CCACHE)
  if(CLUSTER_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env "CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime"
      ${CLUSTER_CCACHE})
  endif()
endif()
