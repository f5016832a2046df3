# GoogleTest and fmt where Debian's compiled ones do not fit: another processor, or another C++
# standard library. GoogleTest is built from Debian's sources (package googletest); fmt's headers
# serve for every target (package libfmt-dev, without its library).

find_path(BOWLINE_GTEST_SOURCE src/gtest-all.cc PATHS /usr/src/googletest/googletest
  NO_CMAKE_FIND_ROOT_PATH NO_DEFAULT_PATH REQUIRED)
find_path(BOWLINE_FMT_INCLUDE fmt/format.h PATHS /usr/include
  NO_CMAKE_FIND_ROOT_PATH NO_DEFAULT_PATH REQUIRED)

# The folder fmt alone: its neighbours in /usr/include are this machine's C library.
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/foreign)
file(CREATE_LINK ${BOWLINE_FMT_INCLUDE}/fmt ${PROJECT_BINARY_DIR}/foreign/fmt SYMBOLIC)
add_library(fmt::fmt INTERFACE IMPORTED GLOBAL)
target_include_directories(fmt::fmt SYSTEM INTERFACE ${PROJECT_BINARY_DIR}/foreign)
target_compile_definitions(fmt::fmt INTERFACE FMT_HEADER_ONLY=1)

if(BOWLINE_TESTS)
  add_library(bowline_foreign_gtest STATIC EXCLUDE_FROM_ALL
    ${BOWLINE_GTEST_SOURCE}/src/gtest-all.cc ${BOWLINE_GTEST_SOURCE}/src/gtest_main.cc)
  target_include_directories(bowline_foreign_gtest PRIVATE ${BOWLINE_GTEST_SOURCE})
  target_include_directories(bowline_foreign_gtest SYSTEM PUBLIC ${BOWLINE_GTEST_SOURCE}/include)
  target_link_libraries(bowline_foreign_gtest PUBLIC Threads::Threads)
  add_library(GTest::gtest ALIAS bowline_foreign_gtest)
  add_library(GTest::gtest_main ALIAS bowline_foreign_gtest)
endif()
