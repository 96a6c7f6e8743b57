# SPDX-License-Identifier: BSL-1.0
# What a user gets: headers, libraries, a CMake package with the component http, pkg-config files, the
# licence, and clusterctl as the install component `tools`. Everything is relative to the prefix, so an
# installed tree can be moved.
include(CMakePackageConfigHelpers)

set(cluster_cmake_dir "${CMAKE_INSTALL_LIBDIR}/cmake/cluster")
set(cluster_package_build "${PROJECT_BINARY_DIR}/package")

# Asio's and Boost.System's types are part of our interface, so a library built against one Boost
# does not fit another. The package says so at configure time rather than at run time.
if(Boost_VERSION)
  set(CLUSTER_BOOST_REQUIREMENT "${Boost_VERSION} EXACT")
else()
  set(CLUSTER_BOOST_REQUIREMENT "1.81")
endif()
get_target_property(cluster_library_type cluster TYPE)

function(cluster_install_library target export_set)
  set(file_set FILE_SET HEADERS COMPONENT dev DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
  get_target_property(header_sets ${target} INTERFACE_HEADER_SETS)
  if(NOT header_sets)
    set(file_set "")
  endif()
  install(TARGETS ${target} EXPORT ${export_set}
    ARCHIVE COMPONENT dev DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    LIBRARY COMPONENT runtime DESTINATION "${CMAKE_INSTALL_LIBDIR}" NAMELINK_COMPONENT dev
    ${file_set})
  install(EXPORT ${export_set} NAMESPACE cluster:: DESTINATION "${cluster_cmake_dir}" COMPONENT dev)
  export(EXPORT ${export_set} NAMESPACE cluster:: FILE "${cluster_package_build}/${export_set}.cmake")
endfunction()

# pkg-config knows no generator expressions: the folder of an unusual Boost is named outright.
get_target_property(cluster_boost_include Boost::headers INTERFACE_INCLUDE_DIRECTORIES)
set(CLUSTER_PC_CFLAGS "")
if(cluster_boost_include AND NOT cluster_boost_include IN_LIST CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES)
  string(APPEND CLUSTER_PC_CFLAGS " -isystem ${cluster_boost_include}")
endif()
set(cluster_pc_private "-lboost_json")
if(cluster_library_type STREQUAL "SHARED_LIBRARY")
  string(APPEND CLUSTER_PC_CFLAGS " -DCLUSTER_SHARED")
  set(CLUSTER_PC_LIBS "")
  set(CLUSTER_PC_LIBS_PRIVATE "${cluster_pc_private}")
  set(CLUSTER_PC_TLS_LIBS "")
else()
  # Without --static too: a static library is all there is, and it never stands alone.
  set(CLUSTER_PC_LIBS "${cluster_pc_private} -pthread")
  set(CLUSTER_PC_TLS_LIBS "-lssl -lcrypto")
  set(CLUSTER_PC_LIBS_PRIVATE "")
endif()
# From the folder of the .pc file up to the prefix, however deep the library folder is.
file(RELATIVE_PATH CLUSTER_PC_UP "/p/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/p")
string(REGEX REPLACE "/$" "" CLUSTER_PC_UP "${CLUSTER_PC_UP}")

function(cluster_install_pc name)
  configure_file("${PROJECT_SOURCE_DIR}/cmake/${name}.pc.in" "${cluster_package_build}/${name}.pc" @ONLY)
  install(FILES "${cluster_package_build}/${name}.pc"
    DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT dev)
endfunction()

cluster_install_library(cluster cluster-targets)
cluster_install_pc(cluster)
if(TARGET cluster_http)
  cluster_install_library(cluster_http cluster-http-targets)
  cluster_install_pc(cluster-http)
endif()

if(TARGET cluster_tls)
  cluster_install_library(cluster_tls cluster-tls-targets)
  cluster_install_pc(cluster-tls)
endif()

configure_package_config_file(cmake/cluster-config.cmake.in "${cluster_package_build}/cluster-config.cmake"
  INSTALL_DESTINATION "${cluster_cmake_dir}" NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file("${cluster_package_build}/cluster-config-version.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${cluster_package_build}/cluster-config.cmake"
  "${cluster_package_build}/cluster-config-version.cmake"
  DESTINATION "${cluster_cmake_dir}" COMPONENT dev)
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DATADIR}/licenses/cluster" COMPONENT dev)

if(TARGET clusterctl)
  install(TARGETS clusterctl RUNTIME COMPONENT tools DESTINATION "${CMAKE_INSTALL_BINDIR}")
  install(FILES docs/reference/clusterctl.1 COMPONENT tools DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
  set(cluster_completion "${PROJECT_SOURCE_DIR}/src/ctl/completion")
  install(FILES "${cluster_completion}/clusterctl.bash" RENAME clusterctl COMPONENT tools
    DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions")
  install(FILES "${cluster_completion}/_clusterctl" COMPONENT tools
    DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/site-functions")
  install(FILES "${cluster_completion}/clusterctl.fish" COMPONENT tools
    DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d")
endif()
