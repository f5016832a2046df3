# Every choice a build can make, in one place. CMakePresets.json combines them.
#
# Inside another project (FetchContent, add_subdirectory) the defaults are those of a library: nothing
# but what its targets need, no tests, no compiler cache, warnings are the outer project's affair.

option(BUILD_SHARED_LIBS "Make libbowline and libbowline-asio shared libraries" OFF)
option(BOWLINE_ASIO "Build bowline::asio (needs the headers of Boost 1.81)" ON)
option(BOWLINE_CORE_ONLY "Build only the layers that do no I/O, and their tests" OFF)
option(BOWLINE_TOOLS "Build the bowline command, the examples and the benchmarks" ${PROJECT_IS_TOP_LEVEL})
option(BOWLINE_INSTALL "Make install rules and packages" ${PROJECT_IS_TOP_LEVEL})
option(BOWLINE_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(BOWLINE_FUZZ "Build the fuzz targets (needs clang and its libFuzzer)" OFF)
option(BOWLINE_INTEROP "Build the tests that meet the kernel in a network namespace" ON)
option(BOWLINE_FOREIGN "Take fmt and GoogleTest from sources: for another processor or C++ library" OFF)
option(BOWLINE_WERROR "Treat warnings as errors" OFF)
option(BOWLINE_CCACHE "Compile through ccache where it is installed" ${PROJECT_IS_TOP_LEVEL})
option(BOWLINE_MOLD "Link with mold where it is installed" ${PROJECT_IS_TOP_LEVEL})
# Off in the clang presets but asan: there every test stands on its own includes, and ccache serves
# another clone too (clang's precompiled headers name the folder they were made in). CI builds asan,
# from nothing, and saves a minute and a half by it.
option(BOWLINE_PCH "Precompile the heavy third-party headers of the tests" ON)

# Four minutes of two cores: WebSocket's test program, the others of Beast and TLS over the kernel's
# TCP as a control, each installed header compiled by itself, the packages.
option(BOWLINE_LENGTHY_TESTS "Build and run the tests that cost more than a minute, too" ON)
set(BOWLINE_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them (address,undefined)")

if(BOWLINE_CORE_ONLY)
  set(BOWLINE_ASIO OFF)
  set(BOWLINE_TOOLS OFF)
elseif(NOT BOWLINE_ASIO)
  set(BOWLINE_TOOLS OFF)
endif()
