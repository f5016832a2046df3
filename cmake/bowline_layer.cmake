# The house's three words for targets: bowline_layer(), bowline_test(), bowline_program().
#
# They take files by their names, so adding one needs no CMake edit.

include(GoogleTest)

# bowline_add_folder(path): add_subdirectory() if it has a CMakeLists.txt (folders come with the
# issue that fills them).
function(bowline_add_folder path)
  if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${path}/CMakeLists.txt)
    # In another project's build a layer is compiled when something is linked with it.
    set(unasked)
    if(NOT PROJECT_IS_TOP_LEVEL)
      set(unasked EXCLUDE_FROM_ALL)
    endif()
    add_subdirectory(${path} ${unasked})
  endif()
endfunction()

# What every translation unit of the house is compiled with.
function(bowline_common target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "HEAVY" "" "")
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${target} PRIVATE bowline_warnings)
  if(arg_HEAVY AND PROJECT_IS_TOP_LEVEL)
    set_property(TARGET ${target} PROPERTY JOB_POOL_COMPILE heavy)
  endif()
endfunction()

# bowline_layer(name [CORE] [HEAVY] [DEPS layer…] [LIBS library…] [TEST_LIBS library…])
#
# Makes of the current folder, and of folders in it that have no CMakeLists.txt of their own,
#   bowline_<name>          a static library of *.cpp, header-only if there is none,
#   <name>_test             a GoogleTest program of *_test.cpp, if there are any,
#   bowline_<name>_testing  a static library of testing/*.cpp for that program, if there are any.
#
# CORE       a layer of DESIGN.md's base…stack: no exceptions, no RTTI in the library's sources
# HEAVY      its units need up to 2 GB to compile (Asio, Beast)
# DEPS       layers below, by their short names
# LIBS       other libraries that the layer's users need as well (fmt::fmt)
# TEST_LIBS  libraries for the tests alone
function(bowline_layer name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "CORE;HEAVY" "" "DEPS;LIBS;TEST_LIBS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "bowline_layer(${name}): unknown argument ${arg_UNPARSED_ARGUMENTS}")
  endif()
  set(heavy)
  if(arg_HEAVY)
    set(heavy HEAVY)
  endif()

  file(GLOB_RECURSE sources CONFIGURE_DEPENDS *.cpp)
  file(GLOB_RECURSE others CONFIGURE_DEPENDS */CMakeLists.txt)
  foreach(other IN LISTS others)
    cmake_path(GET other PARENT_PATH other)
    list(FILTER sources EXCLUDE REGEX "^${other}/")
  endforeach()
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  set(testing ${sources})
  list(FILTER testing INCLUDE REGEX "/testing/")
  list(FILTER sources EXCLUDE REGEX "/testing/")

  set(target bowline_${name})
  if(sources)
    set(scope PUBLIC)
    add_library(${target} STATIC ${sources})
    bowline_common(${target} ${heavy})
    if(arg_CORE)
      target_compile_options(${target} PRIVATE -fno-exceptions -fno-rtti)
    endif()
    if(BOWLINE_FUZZ)
      target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
    endif()
  else()
    set(scope INTERFACE)
    add_library(${target} INTERFACE)
  endif()
  set_property(TARGET ${target} PROPERTY BOWLINE_LIBS "${arg_LIBS}")  # for bowline_library()
  target_include_directories(${target} ${scope} ${PROJECT_SOURCE_DIR})
  target_compile_features(${target} ${scope} cxx_std_23)
  list(TRANSFORM arg_DEPS PREPEND bowline_)
  target_link_libraries(${target} ${scope} ${arg_DEPS} ${arg_LIBS})

  if(tests AND BOWLINE_TESTS)
    if(testing)
      add_library(${target}_testing STATIC ${testing})
      bowline_common(${target}_testing ${heavy})
      target_link_libraries(${target}_testing PUBLIC ${target})
      list(PREPEND arg_TEST_LIBS ${target}_testing)
    endif()
    bowline_gtest(${name}_test "${tests}" ${heavy} LIBS ${target} ${arg_TEST_LIBS})
  endif()
endfunction()

# bowline_test(name [SOURCES file…] [HEAVY] [DEPS layer…] [LIBS library…])
#
# A GoogleTest program larger than a unit (tests/). Without SOURCES it takes the folder's *.cpp. The
# macros BOWLINE_SOURCE_DIR and BOWLINE_BINARY_DIR say where it finds golden files and bin/bowline.
# In a core-only build a test of an outer layer is left out.
function(bowline_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "HEAVY" "" "SOURCES;DEPS;LIBS")
  set(libraries)
  foreach(dep IN LISTS arg_DEPS)
    if(NOT TARGET bowline_${dep})
      if(BOWLINE_CORE_ONLY)
        return()
      endif()
      message(FATAL_ERROR "bowline_test(${name}): there is no layer ${dep}")
    endif()
    list(APPEND libraries bowline_${dep})
  endforeach()
  if(NOT arg_SOURCES)
    file(GLOB arg_SOURCES CONFIGURE_DEPENDS *.cpp)
  endif()
  set(heavy)
  if(arg_HEAVY)
    set(heavy HEAVY)
  endif()
  if(arg_SOURCES)
    bowline_gtest(${name} "${arg_SOURCES}" ${heavy} LIBS ${libraries} ${arg_LIBS})
    target_compile_definitions(${name} PRIVATE
      BOWLINE_SOURCE_DIR="${PROJECT_SOURCE_DIR}" BOWLINE_BINARY_DIR="${PROJECT_BINARY_DIR}")
  endif()
endfunction()

# bowline_program(name [SOURCES file…] [HEAVY] [DEPS layer…] [LIBS library…]): an executable; its
# folder's *.cpp unless SOURCES says otherwise.
function(bowline_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "HEAVY" "" "SOURCES;DEPS;LIBS")
  if(NOT arg_SOURCES)
    file(GLOB arg_SOURCES CONFIGURE_DEPENDS *.cpp)
    list(FILTER arg_SOURCES EXCLUDE REGEX "_test\\.cpp$")
  endif()
  if(NOT arg_SOURCES)
    return()
  endif()
  set(heavy)
  if(arg_HEAVY)
    set(heavy HEAVY)
  endif()
  add_executable(${name} ${arg_SOURCES})
  bowline_common(${name} ${heavy})
  list(TRANSFORM arg_DEPS PREPEND bowline_)
  target_link_libraries(${name} PRIVATE ${arg_DEPS} ${arg_LIBS})
endfunction()

# A GoogleTest program in tests/ of the build directory, each of its tests known to ctest by name.
function(bowline_gtest name sources)
  cmake_parse_arguments(PARSE_ARGV 2 arg "HEAVY" "" "LIBS")
  add_executable(${name} ${sources})
  set(heavy)
  if(arg_HEAVY)
    set(heavy HEAVY)
  endif()
  bowline_common(${name} ${heavy})
  target_link_libraries(${name} PRIVATE ${arg_LIBS} GTest::gtest_main fmt::fmt)
  set_property(TARGET ${name} PROPERTY
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
  # (HEAVY ones keep -O2: below it g++ 12 overflows the stack in long chains of coroutines.)
  if(NOT arg_HEAVY)
    bowline_light(${name})
    bowline_test_pch(${name})
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST TEST_PREFIX ${name}/
    PROPERTIES TIMEOUT 300)
endfunction()

# What runs once is compiled for the time that compiling takes: a test at -O1 takes three quarters of
# what it takes at -O2; where everything else has -O1 (asan), one at -O0 takes three fifths.
function(bowline_light target)
  target_compile_options(${target} PRIVATE $<IF:$<CONFIG:Debug>,-O0,-O1>)
endfunction()

# GoogleTest's header costs more than most tests; it is compiled once for all that share its options.
function(bowline_test_pch name)
  if(NOT BOWLINE_PCH)
    return()
  endif()
  if(NOT TARGET bowline_test_pch)
    file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/bowline_test_pch.cpp CONTENT "")
    add_library(bowline_test_pch OBJECT ${PROJECT_BINARY_DIR}/bowline_test_pch.cpp)
    bowline_common(bowline_test_pch)
    bowline_light(bowline_test_pch)
    target_link_libraries(bowline_test_pch PRIVATE GTest::gtest fmt::fmt)
    target_precompile_headers(bowline_test_pch PRIVATE <gtest/gtest.h>)
  endif()
  target_precompile_headers(${name} REUSE_FROM bowline_test_pch)
endfunction()
