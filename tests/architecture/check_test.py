#!/usr/bin/env python3
"""Every rule of check.py finds its bad sample, at the right line, and lets the good ones pass."""

import contextlib
import io
import pathlib
import tempfile
import unittest

import check

ESSAY = "#pragma once\n\n// An idea,\n// told.\n\n"
INSIDE = "namespace bowline::inline v0 {\n}\n"


def findings(files):
    """What the checker says of a tree made of {path: text}."""
    with tempfile.TemporaryDirectory() as folder:
        for path, text in files.items():
            file = pathlib.Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return check.Checker(folder).run().findings


class Rules(unittest.TestCase):
    def bad(self, path, text, where, what):
        found = findings({path: text})
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(f"{path}:{where}: "), found)
        self.assertIn(what, found[0])

    def good(self, path, text):
        self.assertEqual(findings({path: text}), [])

    def test_the_table_of_includes(self):
        self.bad("bowline/tcp/a.cpp", 'int x;\n#include "bowline/ip/b.hpp"\n', 2, "tcp/ includes ip/")
        self.bad("bowline/base/a.hpp", ESSAY + '#include "bowline/wire/b.hpp"\n' + INSIDE, 6, "may include nothing")
        self.bad("bowline/http/a.cpp", '#include "bowline/stack/b.hpp"\n', 1, "http/ includes stack/")
        self.bad("bowline/sim/a.cpp", '#include "bowline/asio.hpp"\n', 1, "sim/ includes asio/")
        self.bad("bowline/asio.hpp", ESSAY + '#include "bowline/os/b.hpp"\n', 6, "asio/ includes os/")
        self.good("bowline/sim/a.cpp", '#include "bowline/trace/b.hpp"\n#include "bowline/tcp/c.hpp"\n')
        self.good("bowline/http/a.cpp", '#include "bowline/asio.hpp"\n')
        self.good("bowline/tcp/a.cpp", '// #include "bowline/ip/b.hpp"\n/*\n#include "bowline/ip/b.hpp"\n*/\n')
        self.good("tools/a.cpp", '#include "bowline/http/b.hpp"\n#include <unistd.h>\n')

    def test_the_key_of_the_experiments(self):
        key = '#include "bowline/tcp/ablation_key.hpp"\n'
        for path in ["bowline/tcp/a.cpp", "bowline/stack/a.cpp", "bowline/sim/a.cpp", "tools/lab.cpp", "examples/a.cpp"]:
            self.bad(path, key, 1, "take mechanisms out")
        self.bad("bowline/tcp/a.hpp", ESSAY + key + INSIDE, 6, "take mechanisms out")
        self.good("bowline/lab/a.cpp", key)
        self.good("bowline/tcp/a_test.cpp", key)
        self.good("tests/protocol/a.cpp", key)

    def test_the_form_of_an_include(self):
        self.bad("bowline/tcp/a.cpp", '#include "b.hpp"\n', 1, "from the top")
        self.bad("tests/model/a.cpp", '#include "../b.hpp"\n', 1, "from the top")
        self.bad("bowline/tcp/a.cpp", '#include "tools/b.hpp"\n', 1, "only layers")

    def test_the_core_takes_only_the_standard_library(self):
        for header in ["linux/if_tun.h", "sys/socket.h", "unistd.h", "netinet/tcp.h", "arpa/inet.h",
                       "net/if.h", "fmt/format.h", "iostream", "thread"]:
            self.bad("bowline/stack/a.cpp", f"#include <{header}>\n", 1, f"<{header}>")
        self.good("bowline/os/a.cpp", "#include <linux/if_tun.h>\n#include <sys/ioctl.h>\n")
        self.good("bowline/stack/a.cpp", "#include <cstdint>\n#include <expected>\n")
        self.good("bowline/stack/a_test.cpp", "#include <gtest/gtest.h>\n#include <vector>\n")
        self.bad("bowline/stack/a_test.cpp", "#include <sys/socket.h>\n", 1, "<sys/socket.h>")

    def test_the_simulator_and_what_it_needs_know_no_system(self):
        for layer in ["sim", "trace", "driver"]:
            for header in ["linux/if_tun.h", "sys/socket.h", "unistd.h", "poll.h"]:
                self.bad(f"bowline/{layer}/a.cpp", f"#include <{header}>\n", 1, f"<{header}>")
            self.good(f"bowline/{layer}/a.cpp", "#include <map>\n#include <fmt/format.h>\n")
            self.good(f"bowline/{layer}/a_test.cpp", "#include <unistd.h>\n")
        self.good("bowline/driver/poll_driver.cpp", "#include <sys/eventfd.h>\n")

    def test_words_the_core_does_not_use(self):
        self.bad("bowline/ip/a.cpp", "void f() {\n  throw 1;\n}\n", 2, "throws")
        self.bad("bowline/ip/a.cpp", "void f() { try {\n", 1, "handles exceptions")
        self.bad("bowline/ip/a.cpp", "auto* p = dynamic_cast<A*>(b);\n", 1, "RTTI")
        self.bad("bowline/ip/a.cpp", "std::vector<int> v;\n", 1, "by throwing")
        self.bad("bowline/ip/a.cpp", "auto* p = new Thing;\n", 1, "by throwing")
        self.bad("bowline/ip/a.cpp", "auto t = steady_clock::now();\n", 1, "clock")
        self.good("bowline/ip/a.cpp", "// we throw nothing\nauto s = \"try { throw }\";\nint throw_away;\n")
        self.good("bowline/ip/a.cpp", "auto* p = new (place) Thing;\nstd::string_view v;\n")
        self.good("bowline/ip/a.cpp", "int n = 65'535; char c = '\\''; int m = 1'000; // throw\n")
        self.good("bowline/ip/a_test.cpp", "std::vector<int> v;\n")
        self.good("bowline/sim/a.cpp", "std::vector<int> v;\n")

    def test_namespaces(self):
        self.bad("tests/model/a.cpp", "int x;\nusing namespace bowline;\n", 2, "using namespace")
        self.bad("bowline/asio/a.cpp", INSIDE + "namespace asio {\n", 3, "bowline::net")
        self.good("bowline/asio/a.cpp", "namespace bowline::inline v0::net {\n// using namespace x\n")

    def test_the_versioned_namespace(self):
        self.bad("bowline/tcp/a.cpp", "\nnamespace bowline {\n", 2, "write namespace bowline::inline v0")
        self.bad("bowline/tcp/a.hpp", ESSAY + "namespace bowline::tcp {\n", 6, "opens namespace bowline::tcp")
        self.bad("bowline/tcp/a.hpp", ESSAY + "namespace bowline::inline v1 {\n", 6, "inline v0")
        self.bad("bowline/tcp/a.hpp", ESSAY + "struct A;\n", 1, "no namespace of bowline")
        self.good("bowline/tcp/a.hpp", ESSAY + "namespace bowline::inline v0::tcp {\n")
        self.good("bowline/tcp/a.cpp", "namespace a = bowline::tcp;\nint main() {}\n")
        self.good("bowline/tcp/a_test.cpp", "namespace bowline {\n")
        self.good("bowline/asio.hpp", ESSAY + '#include "bowline/asio/tcp.hpp"\n')

    def test_the_namespace_is_the_version_s(self):
        version = ESSAY + 'namespace bowline::inline v{} {{\nstring_view kVersion = "{}";\n}}\n'
        header = "bowline/base/version.hpp"
        self.good(header, version.format(3, "3.1.4"))
        self.bad(header, version.format(0, "1.0.0"), 6, "inline v1")
        self.bad(header, version.format(0, "today"), 1, "does not say the version")
        found = findings({header: version.format(1, "1.0.0"), "bowline/ip/a.hpp": ESSAY + INSIDE})
        self.assertEqual(len(found), 1, found)
        self.assertIn("bowline/ip/a.hpp:6", found[0])

    def test_a_header_opens_with_its_idea(self):
        self.good("bowline/tcp/a.hpp", ESSAY + INSIDE)
        self.bad("bowline/tcp/a.hpp", "// An idea,\n// told.\n#pragma once\n" + INSIDE, 1, "#pragma once")
        self.bad("bowline/tcp/a.hpp", "#pragma once\n#include <new>\n// late\n" + INSIDE, 2, "no essay")
        self.bad("tests/model/a.hpp", "#pragma once\n\nint x;\n", 2, "no essay")

    def test_the_links_of_a_layer(self):
        self.bad("bowline/tcp/CMakeLists.txt", "# tcp\nbowline_layer(tcp CORE DEPS base ip)\n", 2, "links ip")
        self.bad("bowline/tcp/CMakeLists.txt", "bowline_layer(tcp DEPS base)\n", 1, "CORE")
        self.bad("bowline/sim/CMakeLists.txt", "bowline_layer(sim CORE DEPS base)\n", 1, "CORE")
        self.good("bowline/sim/CMakeLists.txt", "bowline_layer(sim DEPS stack trace LIBS fmt::fmt)\n")

    def test_a_folder_that_is_no_layer(self):
        found = findings({"bowline/misc/a.cpp": "int x;\n"})
        self.assertEqual(found, ["bowline/misc:1: a folder that is no layer: "
                                 "give it a row in DESIGN.md section 2 and here"])

    def test_the_page_and_the_checker_agree(self):
        def page(row):
            return findings({"docs/architecture.md": f"| folder | idea | may include |\n|---|---|---|\n{row}\n",
                             "bowline/base/a.cpp": ""})
        for row in ["| `base/` | x | – |", "| `stack/` | x | all above |", "| `trace/` | x | base to stack |",
                    "| `sim/` | x | base to driver, trace, gateway |", "| `http/` | x | asio, trace |",
                    "| `tools/` | x | all |"]:
            self.assertEqual(page(row), [])
        self.assertIn("the row of tcp/ differs", page("| `tcp/` | x | base, wire, ip |")[0])

    def test_a_long_file_is_only_a_warning(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "bowline/tcp/a.cpp")
            file.parent.mkdir(parents=True)
            file.write_text("int x;\n" * (check.LONG_FILE + 1))
            checker = check.Checker(folder).run()
            self.assertEqual((checker.findings, len(checker.warnings)), ([], 1))

    def test_an_empty_tree_is_a_failure(self):
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(check.main(folder), 1)


if __name__ == "__main__":
    unittest.main()
