#!/usr/bin/env python3
"""Checks the rules of the house that a compiler does not: check.py [ROOT]

DESIGN.md section 2 says which folder may include which; the rest is HACKING.md's. Each finding is
one line, FILE:LINE: what is wrong: what to do. Status 1 if there is any; a long file is only a warning.
"""

import pathlib
import re
import sys

# The table of DESIGN.md section 2 (docs/architecture.md holds its living copy, compared below).
CORE = ["base", "wire", "tcp", "udp", "ip", "link", "stack"]
# What stands on the core, most of it on a Stack, and keeps the core's rules: no I/O, no exceptions, bounded memory.
SERVICES = ["dns", "dhcp", "gateway"]
STRICT = CORE + SERVICES
TO_DRIVER = CORE + ["driver"]
MAY_INCLUDE = {
    "base": [],
    "wire": ["base"],
    "tcp": ["base", "wire"],
    "udp": ["base", "wire"],
    "ip": ["base", "wire"],
    "link": ["base", "wire"],
    "stack": ["base", "wire", "tcp", "udp", "ip", "link"],
    "dns": ["base", "wire", "stack"],
    "dhcp": ["base", "wire", "stack"],
    "gateway": ["base", "wire", "tcp", "ip"],
    "trace": CORE,
    "replay": CORE + ["trace"],
    "explain": ["base", "wire", "tcp", "trace"],
    "driver": CORE,
    "os": ["base", "wire", "link", "driver"],
    "sim": TO_DRIVER + ["trace", "gateway"],
    "model": CORE + ["trace"],
    "scenario": TO_DRIVER + ["trace", "sim"],
    "lab": TO_DRIVER + ["trace", "sim"],
    "sockets": TO_DRIVER,
    "packetdrill": TO_DRIVER + ["trace", "sockets"],
    "asio": TO_DRIVER + ["sim", "dns", "dhcp"],
    "http": ["asio", "trace"],
}

# What the core may take from the standard library: no I/O, no thread, no clock, no text building.
STANDARD = set(
    """algorithm array atomic bit bitset cassert cctype cerrno charconv chrono climits cmath compare concepts
    cstddef cstdint cstdio cstdlib cstring expected functional initializer_list iterator limits memory
    new numbers numeric optional ranges ratio source_location span string_view system_error tuple
    type_traits utility variant version""".split()
)
# Its tests may take more.
FOR_TESTS = re.compile(r"^(gtest/.*|gmock/.*|fmt/.*|[a-z_]+)$")

# Layers that are no core and yet are to compile where there is no Linux: the C++ standard library and fmt.
PORTABLE = ["trace", "driver", "sim"]
FOR_PORTABLE = re.compile(r"^(fmt/.*|[a-z_]+)$")
# The files among them that stand on an operating system, and what for.
ON_A_SYSTEM = {
    "bowline/driver/poll_driver.hpp": "waits with poll(2)",
    "bowline/driver/poll_driver.cpp": "waits with poll(2), woken by eventfd(2)",
    "bowline/trace/byte_sink.cpp": "writes files and pipes",
}

# Words that core code outside its tests does not contain, with the remedy.
NOT_IN_CORE = [
    (re.compile(r"\bthrow\b"), "throws", "the core is built without exceptions: return a Result"),
    (re.compile(r"\b(try\s*\{|catch\s*\()"), "handles exceptions", "the core has none: return a Result"),
    (re.compile(r"\b(dynamic_cast|typeid)\b"), "needs RTTI", "the core is built without it"),
    (
        re.compile(r"\bstd::(vector|deque|list|map|set|multimap|unordered_\w+|string|function|any"
                   r"|make_unique|make_shared|shared_ptr|stable_sort)\b"),
        "allocates by throwing",
        "take memory from base's allocator, which says when there is none",
    ),
    (
        re.compile(r"\bnew\s+[A-Za-z_:]"),
        "allocates by throwing",
        "take memory from base's allocator, which says when there is none",
    ),
    (
        re.compile(r"\b(steady|system|high_resolution)_clock\b"),
        "reads a clock",
        "time comes in as an argument",
    ),
]

# Makes stacks that break their promises: for experiments, and for nothing that is released.
ABLATION_KEY = "bowline/tcp/ablation_key.hpp"
MAY_HOLD_THE_KEY = re.compile(r"^(bowline/(lab|model)/|tests/|fuzz/)|_test\.cpp$|/testing/")

# Headers that declare nothing of bowline's namespace: the doors, and specialisations of Asio's templates.
NO_NAMESPACE = re.compile(r"^bowline/(asio\.hpp|asio/(basic_\w+|tcp|udp)\.hpp)$")
NAMESPACE = re.compile(r"^\s*namespace\s+bowline\b(?:::inline\s+(v\d+))?")

TREES = ["bowline", "tools", "tests", "fuzz", "bench", "examples"]
LONG_FILE = 400

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
# Comments, then literals: both are emptied, line breaks stay, so that line numbers hold.
NOT_CODE = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<raw>[^(\s]*)\(.*?\)(?P=raw)"|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'',
    re.S,
)


def strip(text):
    """The text with its comments and literals emptied."""
    return NOT_CODE.sub(lambda m: "\n" * m.group().count("\n"), text)


def layer_of(path):
    """The layer a path of the form bowline/… belongs to; bowline/asio.hpp speaks for asio/."""
    parts = pathlib.PurePosixPath(path).parts
    return parts[1] if len(parts) > 2 else pathlib.PurePosixPath(parts[1]).stem


class Checker:
    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.findings = []
        self.warnings = []
        self.files = 0
        self.abi = self.version()

    def version(self):
        """The inline namespace that the version demands: v and its first number."""
        header = self.root / "bowline" / "base" / "version.hpp"
        if not header.exists():
            return "v0"
        match = re.search(r'kVersion = "(\d+)\.\d+\.\d+"', header.read_text(encoding="utf-8"))
        if match is None:
            self.find("bowline/base/version.hpp", 1, "does not say the version",
                      'kVersion = "MAJOR.MINOR.PATCH", which CMakeLists.txt reads')
            return "v0"
        return f"v{match.group(1)}"

    def find(self, path, line, what, remedy):
        self.findings.append(f"{path}:{line}: {what}: {remedy}")

    def run(self):
        for tree in TREES:
            for file in sorted((self.root / tree).rglob("*")):
                path = file.relative_to(self.root).as_posix()
                if file.suffix in (".hpp", ".cpp", ".inc"):
                    self.files += 1
                    self.source(path, file.read_text(encoding="utf-8"))
                elif file.name == "CMakeLists.txt" and path.startswith("bowline/"):
                    self.cmake(path, file.read_text(encoding="utf-8"))
        for folder in sorted((self.root / "bowline").glob("*/")):
            if folder.is_dir() and folder.name not in MAY_INCLUDE:
                self.find(f"bowline/{folder.name}", 1, "a folder that is no layer",
                          "give it a row in DESIGN.md section 2 and here")
        page = self.root / "docs" / "architecture.md"
        if page.exists():
            self.page("docs/architecture.md", page.read_text(encoding="utf-8"))
        return self

    def source(self, path, text):
        lines = text.splitlines()
        code = strip(text).splitlines()
        layer = layer_of(path) if path.startswith("bowline/") else None
        # What stands in testing/ serves the tests alone and is in no library.
        is_test = path.endswith("_test.cpp") or "/testing/" in path
        for number, line in enumerate(lines, 1):
            match = INCLUDE.match(line)
            if match and code[number - 1].lstrip().startswith("#"):
                self.include(path, number, layer, is_test, *match.groups())
        for number, line in enumerate(code, 1):
            if re.search(r"\busing\s+namespace\b", line):
                self.find(path, number, "using namespace", "name what is used, or alias the namespace")
            if re.search(r"\bnamespace\s+(bowline::)?asio\b", line) and layer:
                self.find(path, number, "a namespace asio inside bowline",
                          "it would hide boost::asio: the layer's namespace is bowline::net")
            if layer in STRICT and not is_test:
                for pattern, what, remedy in NOT_IN_CORE:
                    if pattern.search(line):
                        self.find(path, number, what, remedy)
        if layer and not path.endswith("_test.cpp"):
            self.namespace(path, code)
        if path.endswith(".hpp"):
            self.header(path, lines)
        if len(lines) > LONG_FILE:
            self.warnings.append(f"{path}: {len(lines)} lines: does it still hold one idea?")

    def include(self, path, number, layer, is_test, quoted, system):
        if quoted:
            if quoted == ABLATION_KEY and not MAY_HOLD_THE_KEY.search(path):
                self.find(path, number, "can take mechanisms out of the stack",
                          f"only tests, the model and the labs include {ABLATION_KEY}")
            root = quoted.split("/")[0]
            if root not in TREES or "/" not in quoted:
                self.find(path, number, f'includes "{quoted}"',
                          "write it from the top: bowline/LAYER/FILE.hpp")
            elif layer is None:
                return
            elif root != "bowline":
                self.find(path, number, f'includes "{quoted}"', "a layer includes only layers")
            else:
                other = layer_of(quoted)
                if other != layer and other not in MAY_INCLUDE.get(layer, []):
                    allowed = " ".join(MAY_INCLUDE.get(layer, [])) or "nothing"
                    self.find(path, number, f"{layer}/ includes {other}/",
                              f"it may include {allowed} (DESIGN.md section 2)")
            return
        if layer in STRICT:
            allowed = system in STANDARD or (is_test and FOR_TESTS.match(system))
            if not allowed:
                self.find(path, number, f"{layer}/ includes <{system}>",
                          "the core takes only the standard library, and of it no I/O, thread or clock")
        if layer in PORTABLE and not is_test and path not in ON_A_SYSTEM:
            if not FOR_PORTABLE.match(system):
                self.find(path, number, f"{layer}/ includes <{system}>",
                          "it is to compile everywhere: keep the system in os/ or in ON_A_SYSTEM's files")

    def namespace(self, path, code):
        """What is in bowline stands in its versioned inline namespace (bowline/base/version.hpp)."""
        opened = False
        for number, line in enumerate(code, 1):
            match = NAMESPACE.match(line)
            if match is None or "=" in line:
                continue
            opened = True
            if match.group(1) != self.abi:
                self.find(path, number, f"opens {line.strip().rstrip('{ ')}",
                          f"write namespace bowline::inline {self.abi}, which is the version's")
        if not opened and path.endswith(".hpp") and not NO_NAMESPACE.match(path):
            self.find(path, 1, "opens no namespace of bowline",
                      f"put its names into namespace bowline::inline {self.abi}")

    def header(self, path, lines):
        if not lines or lines[0].strip() != "#pragma once":
            self.find(path, 1, "does not open with #pragma once", "make it the first line")
            return
        after = [line.strip() for line in lines[1:]]
        while after and not after[0]:
            after.pop(0)
        if not after or not after[0].startswith("//"):
            self.find(path, 2, "has no essay", "say its idea in a comment after #pragma once")

    def cmake(self, path, text):
        """The links of a layer keep to the table too."""
        match = re.search(r"bowline_layer\(\s*(\w+)([^)]*)\)", text)
        if not match:
            return
        line = text[: match.start()].count("\n") + 1
        layer, words = match.group(1), match.group(2).split()
        folder = path.split("/")[1]
        if (layer in STRICT) != ("CORE" in words):
            self.find(path, line, "CORE is wrong here", f"it belongs to {' '.join(STRICT)}, no other")
        if "DEPS" in words:
            for dep in words[words.index("DEPS") + 1:]:
                if dep.isupper():
                    break
                # A layer may be several libraries: bowline_packetdrill and bowline_packetdrill_run.
                if dep != folder and dep not in MAY_INCLUDE.get(folder, []):
                    self.find(path, line, f"{layer} links {dep}", "DESIGN.md section 2 does not allow it")

    def page(self, path, text):
        """The page's table says the same as MAY_INCLUDE."""
        order = list(MAY_INCLUDE)
        for number, line in enumerate(text.splitlines(), 1):
            row = re.match(r"\|\s*`(\w+)/`\s*\|.*\|\s*([^|]*?)\s*\|\s*$", line)
            if not row or row.group(1) not in MAY_INCLUDE:
                continue
            layer, words = row.groups()
            said = []
            for part in [] if words in ("–", "-") else words.split(","):
                part = part.strip()
                first, to, last = part.partition(" to ")
                if part == "all above":
                    said += order[: order.index(layer)]
                elif to and last == "driver":
                    said += TO_DRIVER
                elif to:
                    said += order[order.index(first): order.index(last) + 1]
                else:
                    said.append(part)
            if set(said) != set(MAY_INCLUDE[layer]):
                self.find(path, number, f"the row of {layer}/ differs from tests/architecture/check.py",
                          f"it says {' '.join(said)}, there {' '.join(MAY_INCLUDE[layer])}")


def main(root):
    checker = Checker(root).run()
    for warning in checker.warnings:
        print(f"warning: {warning}")
    for finding in checker.findings:
        print(finding)
    print(f"{checker.files} files, {len(checker.findings)} findings, {len(checker.warnings)} warnings")
    if checker.files == 0:
        print(f"nothing to check under {root}: name the top of the project")
    return 1 if checker.findings or checker.files == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]))
