# SPDX-License-Identifier: BSL-1.0
# TLS stands on OpenSSL 3, where there is one. CLUSTER_TLS=ON insists, OFF leaves it out; without a word it
# is built when OpenSSL is found.
if(NOT DEFINED CLUSTER_TLS)
  find_package(OpenSSL 3.0 QUIET)
  if(NOT OPENSSL_FOUND)
    message(STATUS "cluster: TLS is left out (no OpenSSL 3; Debian: apt-get install libssl-dev)")
  endif()
endif()
option(CLUSTER_TLS "Build TLS (on OpenSSL 3)" ${OPENSSL_FOUND})
if(CLUSTER_TLS AND NOT TARGET OpenSSL::SSL)
  find_package(OpenSSL 3.0 QUIET)
  if(NOT OPENSSL_FOUND)
    message(FATAL_ERROR
      "CLUSTER_TLS needs OpenSSL 3.0 or newer with its headers.\n"
      "  Debian: apt-get install libssl-dev; elsewhere openssl-devel, or set OPENSSL_ROOT_DIR;\n"
      "  -D CLUSTER_TLS=OFF builds without TLS")
  endif()
endif()
