# Every choice a build can make, in one place. CMakePresets.json combines them.

option(BOWLINE_TESTS "Build the tests" ON)
option(BOWLINE_FUZZ "Build the fuzz targets (needs clang and its libFuzzer)" OFF)
option(BOWLINE_CORE_ONLY "Build only the layers that do no I/O, and their tests" OFF)
option(BOWLINE_INTEROP "Build the tests that meet the kernel in a network namespace" ON)
option(BOWLINE_WERROR "Treat warnings as errors" OFF)
option(BOWLINE_CCACHE "Compile through ccache where it is installed" ON)
option(BOWLINE_MOLD "Link with mold where it is installed" ON)
# Off in the clang presets: there every test stands on its own includes, and ccache serves another
# clone too (clang's precompiled headers name the folder they were made in).
option(BOWLINE_PCH "Precompile the heavy third-party headers of the tests" ON)
set(BOWLINE_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them (address,undefined)")
