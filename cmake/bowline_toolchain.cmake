# Language, warnings, sanitizers, compiler cache, linker, job pools: all that holds for every target.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)

# What another project that includes this one has its own ideas about.
if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
  if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
  endif()
  set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
endif()

# A layer's object files go into the shared library too. Nobody replaces our functions from outside, so
# calls among them need no detour by a table, and may be inlined.
if(BUILD_SHARED_LIBS)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  add_compile_options(-fno-semantic-interposition)
endif()

# The command in bin/, libraries in lib/; test programs keep out of both (bowline_layer.cmake).
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)

# Warnings. clang counts -Wsign-conversion as part of -Wconversion; ask g++ for it too, so that what
# one compiler accepts the other does.
add_library(bowline_warnings INTERFACE)
target_compile_options(bowline_warnings INTERFACE
  -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow
  $<$<BOOL:${BOWLINE_WERROR}>:-Werror>)

# Sanitizers. A report ends the program, so that a test cannot pass over it. The vptr check wants
# RTTI, which the core is built without.
if(BOWLINE_SANITIZE)
  add_compile_options(-fsanitize=${BOWLINE_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${BOWLINE_SANITIZE})
  if(BOWLINE_SANITIZE MATCHES undefined)
    add_compile_options(-fno-sanitize=vptr)
  endif()
endif()

# ccache. The sloppiness is what its manual asks for with precompiled headers; the base directory
# lets a second clone hit what the first one compiled. By the compiler's own dependency files a miss
# costs no second run of the preprocessor, which is a fifth of the time of a unit with Beast.
if(BOWLINE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(BOWLINE_CCACHE_PROGRAM ccache)
  if(BOWLINE_CCACHE_PROGRAM)
    set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env
      CCACHE_DEPEND=true
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1
      ${BOWLINE_CCACHE_PROGRAM})
    # Without these a precompiled header differs each time it is made, or cannot be looked through.
    if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
      add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
    else()
      add_compile_options(-fpch-preprocess)
    endif()
  endif()
endif()

# mold, if this compiler can drive it.
if(BOWLINE_MOLD)
  find_program(BOWLINE_MOLD_PROGRAM mold)
  if(BOWLINE_MOLD_PROGRAM)
    include(CheckLinkerFlag)
    check_linker_flag(CXX -fuse-ld=mold BOWLINE_CAN_USE_MOLD)
    if(BOWLINE_CAN_USE_MOLD)
      add_link_options(-fuse-ld=mold)
    endif()
  endif()
endif()

if(NOT PROJECT_IS_TOP_LEVEL)
  return()
endif()

# One job per core. A unit that includes Beast takes up to 2 GB: those run side by side only where
# there is room for it.
cmake_host_system_information(RESULT bowline_cores QUERY NUMBER_OF_LOGICAL_CORES)
cmake_host_system_information(RESULT bowline_memory_mib QUERY TOTAL_PHYSICAL_MEMORY)
math(EXPR bowline_heavy_jobs "${bowline_memory_mib} / 3072")
if(bowline_heavy_jobs LESS 1)
  set(bowline_heavy_jobs 1)
elseif(bowline_heavy_jobs GREATER bowline_cores)
  set(bowline_heavy_jobs ${bowline_cores})
endif()
set_property(GLOBAL PROPERTY JOB_POOLS
  compile=${bowline_cores} heavy=${bowline_heavy_jobs} link=${bowline_cores})
set(CMAKE_JOB_POOL_COMPILE compile)
set(CMAKE_JOB_POOL_LINK link)
