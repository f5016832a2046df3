#!/usr/bin/env python3
"""Installs Bowline to a temporary folder and uses it as a stranger would: install_test.py TEST…

The environment says what to install: BOWLINE_SOURCE_DIR, BOWLINE_BUILD_DIR (built), BOWLINE_VERSION, CXX.
Each test stands alone; ctest runs them by name (install/find_package, …).
"""

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["BOWLINE_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["BOWLINE_BUILD_DIR"])
VERSION = os.environ["BOWLINE_VERSION"]
MAJOR = VERSION.split(".")[0]
CXX = os.environ["CXX"]
OUTSIDE = pathlib.Path(__file__).parent / "outside"


def run(*command, status=0, **more):
    """What it printed, standard error included; fails the test when it ends otherwise."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, **more)
    if (done.returncode == 0) != (status == 0):
        raise AssertionError(f"status {done.returncode}: {' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


def public_headers():
    """What the house says its interface is, as paths below include/."""
    return run("cmake", "-P", SOURCE / "cmake" / "public_headers.cmake").split()


class Installed(unittest.TestCase):
    """An installed tree in self.prefix, empty room in self.room."""

    @classmethod
    def setUpClass(cls):
        cls.room = pathlib.Path(tempfile.mkdtemp(prefix="bowline-install-"))
        cls.addClassCleanup(shutil.rmtree, cls.room)
        cls.prefix = cls.room / "prefix"
        run("cmake", "--install", BUILD, "--prefix", cls.prefix)
        cls.library = next(cls.prefix.glob("lib/**/pkgconfig")).parent
        cls.shared = (cls.library / "libbowline.so").exists()
        cls.environment = dict(os.environ, LD_LIBRARY_PATH=str(cls.library),
                               PKG_CONFIG_PATH=str(cls.library / "pkgconfig"))

    def works(self, folder):
        """The two programs of outside/, which say with their status whether bytes came across."""
        self.assertIn(f"bowline {VERSION}: 1000 bytes written, 1000 arrived", run(folder / "core", env=self.environment))
        self.assertIn("to oneself", run(folder / "asio", env=self.environment))


class FindPackage(Installed):
    def configure(self, *more, source=OUTSIDE, **how):
        folder = tempfile.mkdtemp(dir=self.room)
        said = run("cmake", "-G", "Ninja", "-S", source, "-B", folder, f"-DCMAKE_PREFIX_PATH={self.prefix}",
                   f"-DCMAKE_CXX_COMPILER={CXX}", *more, **how)
        return pathlib.Path(folder), said

    def test_an_outside_project_builds_and_runs(self):
        folder, _ = self.configure()
        run("cmake", "--build", folder)
        self.works(folder)

    def asks(self, line, status=1):
        project = pathlib.Path(tempfile.mkdtemp(dir=self.room))
        (project / "CMakeLists.txt").write_text(
            f"cmake_minimum_required(VERSION 3.25)\nproject(asks LANGUAGES CXX)\n{line}\n")
        return " ".join(self.configure(source=project, status=status)[1].split())

    def test_what_is_not_there_is_refused_in_words(self):
        self.assertIn(f"version: {VERSION}", self.asks("find_package(bowline 99 CONFIG REQUIRED)"))
        self.assertIn("there is no component udp", self.asks("find_package(bowline CONFIG REQUIRED COMPONENTS udp)"))

    def test_the_core_alone_asks_for_no_boost(self):
        self.asks("find_package(bowline CONFIG REQUIRED COMPONENTS bowline)\n"
                  "if(TARGET Boost::headers OR TARGET bowline::asio)\n  message(FATAL_ERROR asio)\nendif()", status=0)


class PkgConfig(Installed):
    def test_a_compiler_and_pkg_config_suffice(self):
        for program, package, source in [("core", "bowline", "core.cpp"), ("asio", "bowline-asio", "with_asio.cpp")]:
            flags = run("pkg-config", "--cflags", "--libs", package, env=self.environment).split()
            run(CXX, "-std=c++23", OUTSIDE / source, "-o", self.room / program, *flags)
        self.works(self.room)
        self.assertEqual(run("pkg-config", "--modversion", "bowline", env=self.environment).strip(), VERSION)


class FetchContent(unittest.TestCase):
    def setUp(self):
        # Beside the build directory: the compiler cache compares paths relative to the working directory.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fetch-", dir=BUILD.parent))
        self.addCleanup(shutil.rmtree, self.folder)

    def configure(self, *more):
        run("cmake", "-G", "Ninja", "-S", OUTSIDE, "-B", self.folder, "-DOUTSIDE_FETCH=ON",
            f"-DFETCHCONTENT_SOURCE_DIR_BOWLINE={SOURCE}", f"-DCMAKE_CXX_COMPILER={CXX}", *more)

    def test_inside_another_project_it_is_a_library_and_no_more(self):
        self.configure()
        cache = (self.folder / "CMakeCache.txt").read_text()
        for option in ["TESTS", "TOOLS", "INSTALL", "WERROR", "CCACHE", "MOLD", "FUZZ"]:
            self.assertIn(f"BOWLINE_{option}:BOOL=OFF", cache)
        self.assertIn("CMAKE_BUILD_TYPE:STRING=\n", cache)
        rules = (self.folder / "build.ninja").read_text()
        flags = re.search(r"build CMakeFiles/core\.dir/core\.cpp\.o:.*?\n\n", rules, re.S).group()
        self.assertNotIn("-W", flags, "our warnings are not the outer project's")
        everything = re.search(r"^build all: phony(.*)$", rules, re.M).group(1)
        self.assertNotIn("http", everything)
        self.assertNotIn("_test", rules)

    def test_an_outside_project_builds_and_runs(self):
        # Compiled as script/test compiles the release build, so that its compiler cache serves here.
        self.configure("-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_CXX_FLAGS_RELEASE=-O2 -DNDEBUG",
                       "-DBOWLINE_CCACHE=ON", "-DBOWLINE_WERROR=ON")
        run("cmake", "--build", self.folder)
        self.assertIn("1000 arrived", run(self.folder / "core"))
        self.assertIn("to oneself", run(self.folder / "asio"))


class Headers(Installed):
    def test_the_interface_is_installed_and_nothing_else(self):
        there = sorted(str(path.relative_to(self.prefix / "include"))
                       for path in (self.prefix / "include").rglob("*") if path.is_file())
        self.assertEqual(there, sorted(public_headers()))
        for inner in ["tcp/connection.hpp", "stack/core.hpp", "ip/neighbours.hpp"]:
            self.assertNotIn(f"bowline/{inner}", there)
            self.assertTrue((SOURCE / "bowline" / inner).exists())

    def test_each_compiles_on_its_own(self):
        def compile_alone(header):
            run(CXX, "-std=c++23", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-x", "c++",
                f"-I{self.prefix / 'include'}", "-", input=f"#include <{header}>\n#include <{header}>\n")
        headers = [header for header in public_headers() if header.endswith(".hpp")]
        # Asio's take seconds each: all of them in the long run, otherwise the door alone.
        if not os.environ.get("BOWLINE_LONG"):
            headers = [header for header in headers if not header.startswith("bowline/asio/")]
        self.assertGreater(len(headers), 50)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(compile_alone, headers))


class Exports(Installed):
    def test_a_shared_library_exports_the_versioned_namespace_alone(self):
        if not self.shared:
            self.assertTrue((self.library / "libbowline.a").exists())
            return
        for name in ["libbowline", "libbowline-asio"]:
            file = self.library / f"{name}.so.{MAJOR}"
            self.assertIn(f"[{name}.so.{MAJOR}]", run("readelf", "-d", file))
            symbols = [line.split(maxsplit=2)[2] for line in
                       run("nm", "-DC", "--defined-only", file).splitlines()]
            ours = re.compile(r"(?:\w+(?: \w+)* for |(?:non-)?virtual thunk to |guard variable for )?"
                              rf".*\bbowline::v{MAJOR}::")
            self.assertEqual([line for line in symbols
                              if not ours.match(line) and not line.startswith(f"BOWLINE_{MAJOR}")], [])
            self.assertGreater(len(symbols), 100)


class Packages(Installed):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        run("cpack", "-B", cls.room / "packages", cwd=BUILD)
        cls.packages = {}
        for file in (cls.room / "packages").glob("*.deb"):
            cls.packages[run("dpkg-deb", "-f", file, "Package").strip()] = file

    def files(self, package):
        """What the package holds: {path below /usr: first field of ls}"""
        found = {}
        for line in run("dpkg-deb", "-c", self.packages[package]).splitlines():
            mode, _, _, _, _, path, *_ = line.split()
            if not path.endswith("/"):
                found[re.sub(r"lib/[a-z0-9_]+-linux-gnu\w*/", "lib/", path.removeprefix("./usr/"))] = mode
        return found

    def depends(self, package):
        return run("dpkg-deb", "-f", self.packages[package], "Depends")

    def test_there_is_a_package_for_each_use(self):
        runtime = {f"libbowline{MAJOR}"} if self.shared else set()
        self.assertEqual(set(self.packages), {"bowline", "libbowline-dev"} | runtime)
        for package, file in self.packages.items():
            self.assertEqual(run("dpkg-deb", "-f", file, "Version").strip(), VERSION, package)

    def test_the_command_needs_no_library_of_ours(self):
        self.assertEqual(self.files("bowline"), {"bin/bowline": "-rwxr-xr-x",
                                                 "share/doc/bowline/changelog.gz": "-rw-r--r--",
                                                 "share/doc/bowline/copyright": "-rw-r--r--"})
        self.assertRegex(self.depends("bowline"), r"libc6.*libfmt.*libmnl0")
        run("dpkg-deb", "-x", self.packages["bowline"], self.room / "root")
        self.assertEqual(run(self.room / "root/usr/bin/bowline", "--version").strip(), f"bowline {VERSION}")

    def test_the_development_package_holds_what_links_and_the_interface(self):
        files = self.files("libbowline-dev")
        links = ".so" if self.shared else ".a"
        expected = {f"lib/libbowline{links}", f"lib/libbowline-asio{links}", "share/doc/libbowline-dev/copyright",
                    "share/doc/libbowline-dev/changelog.gz",
                    "lib/pkgconfig/bowline.pc", "lib/pkgconfig/bowline-asio.pc",
                    "lib/cmake/bowline/bowline-config.cmake", "lib/cmake/bowline/bowline-config-version.cmake"}
        for targets in ["bowline-targets", "bowline-asio-targets"]:
            expected |= {f"lib/cmake/bowline/{targets}.cmake", f"lib/cmake/bowline/{targets}-release.cmake"}
        expected |= {f"include/{header}" for header in public_headers()}
        self.assertEqual(set(files), expected)
        needs = rf"libbowline{MAJOR} \(= {re.escape(VERSION)}\)" if self.shared else "libfmt-dev, libmnl-dev"
        self.assertRegex(self.depends("libbowline-dev"), needs)

    def test_the_runtime_package_holds_the_shared_libraries(self):
        package = f"libbowline{MAJOR}"
        if not self.shared:
            self.assertNotIn(package, self.packages)
            return
        expected = {f"share/doc/{package}/copyright", f"share/doc/{package}/changelog.gz"}
        for name in ["libbowline", "libbowline-asio"]:
            expected |= {f"lib/{name}.so.{MAJOR}", f"lib/{name}.so.{VERSION}"}
        self.assertEqual(set(self.files(package)), expected)
        self.assertRegex(self.depends(package), r"libc6.*libfmt.*libmnl0.*libstdc\+\+6")


if __name__ == "__main__":
    unittest.main()
