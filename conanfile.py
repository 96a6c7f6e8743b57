# SPDX-License-Identifier: BSL-1.0
"""Conan 2 recipe of the library; tried by tests/packaging/conan.sh with the real client."""
import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load, rmdir
from conan.tools.scm import Version

required_conan_version = ">=2.4"


class ClusterConan(ConanFile):
    name = "cluster"
    description = "Embeddable supervisor of worker processes on Boost.Asio"
    license = "BSL-1.0"
    topics = ("asio", "supervisor", "prefork", "http", "zero-downtime")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False], "http": [True, False], "tls": [True, False]}
    default_options = {"shared": False, "fPIC": True, "http": True, "tls": True}
    implements = ["auto_shared_fpic"]
    exports_sources = "CMakeLists.txt", "LICENSE", "cmake/*", "include/*", "src/*"
    test_package_folder = os.path.join("tests", "packaging", "conan")

    def set_version(self):
        # The version lives in one place, the public header.
        header = load(self, os.path.join(self.recipe_folder, "include", "cluster", "version.hpp"))
        self.version = re.search(r'CLUSTER_VERSION_STRING "([^"]+)"', header).group(1)

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        # Asio and Boost.System types are in the public headers.
        self.requires("boost/[>=1.81 <2]", transitive_headers=True, transitive_libs=True)
        if self.options.tls:
            self.requires("openssl/[>=3 <4]")

    def validate(self):
        check_min_cppstd(self, 20)
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration("cluster runs on Linux only")
        minimum = {"gcc": "12", "clang": "14"}.get(str(self.settings.compiler))
        if minimum and Version(self.settings.compiler.version) < minimum:
            raise ConanInvalidConfiguration(f"cluster needs {self.settings.compiler} {minimum} or newer")

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["CLUSTER_HTTP"] = bool(self.options.http)
        toolchain.cache_variables["CLUSTER_TLS"] = bool(self.options.tls)
        for part in ("TESTS", "EXAMPLES", "CLI"):
            toolchain.cache_variables[f"CLUSTER_BUILD_{part}"] = False
        toolchain.generate()
        # Writes nothing for a Boost that the profile leaves to the platform; CMake then finds that one.
        CMakeDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        CMake(self).install()
        # Conan writes its own package files; two sets would contradict each other one day.
        rmdir(self, os.path.join(self.package_folder, "lib", "cmake"))
        rmdir(self, os.path.join(self.package_folder, "lib", "pkgconfig"))
        rmdir(self, os.path.join(self.package_folder, "share"))

    def _from_conan(self, name):
        # What the profile leaves to the platform is listed but cannot be looked up.
        try:
            self.dependencies[name]
            return True
        except KeyError:
            return False

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "cluster")

        core = self.cpp_info.components["cluster"]
        core.set_property("cmake_target_name", "cluster::cluster")
        core.set_property("pkg_config_name", "cluster")
        core.libs = ["cluster"]
        core.system_libs = ["pthread"]
        if self.options.shared:
            core.defines = ["CLUSTER_SHARED"]
        core.requires = []
        if self._from_conan("boost"):
            core.requires += ["boost::headers", "boost::json"]
        else:
            # The platform's Boost is described by nobody; its library stands on the linker's path.
            core.system_libs.append("boost_json")

        if self.options.http:
            http = self.cpp_info.components["http"]
            http.set_property("cmake_target_name", "cluster::http")
            http.set_property("pkg_config_name", "cluster-http")
            http.libs = ["cluster_http"]
            http.requires = ["cluster"]

        if self.options.tls:
            tls = self.cpp_info.components["tls"]
            tls.set_property("cmake_target_name", "cluster::tls")
            tls.set_property("pkg_config_name", "cluster-tls")
            tls.libs = ["cluster_tls"]
            tls.requires = ["cluster"]
            # Nothing else names it: the library looks whether it is there.
            tls.exelinkflags = tls.sharedlinkflags = [
                "-Wl,--no-as-needed" if self.options.shared else "-Wl,--undefined=cluster_tls_provider"]
            if self._from_conan("openssl"):
                tls.requires += ["openssl::ssl", "openssl::crypto"]
            else:
                tls.system_libs = ["ssl", "crypto"]
