# SPDX-License-Identifier: BSL-1.0
# What `conan create` builds and runs on the fresh package.
import os

from conan import ConanFile
from conan.tools.build import can_run
from conan.tools.cmake import CMake, cmake_layout


class ClusterTestPackage(ConanFile):
    settings = "os", "arch", "compiler", "build_type"
    generators = "CMakeDeps", "CMakeToolchain", "VirtualRunEnv"

    def requirements(self):
        self.requires(self.tested_reference_str)

    def layout(self):
        cmake_layout(self)

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def test(self):
        if can_run(self):
            for program in ("consumer_core", "consumer_http", "consumer_tls"):
                path = os.path.join(self.cpp.build.bindirs[0], program)
                self.run(f"{path} --version", env="conanrun")
                self.run(f"{path} --check", env="conanrun")
