# Which headers are Bowline's interface: those of the front doors, and what they include.
#
# The rest (the engine's control block, its tables, …) stays inside: it is not installed and may change at
# any time. Nobody lists headers by hand, so nothing is forgotten: tests/install compiles each of them alone
# from an installed tree, the reference documents them (script/reference).
#
# As a script it prints them, one to a line: cmake [-DREFERENCE=ON] -P cmake/public_headers.cmake
# (with REFERENCE those alone that script/reference documents).

cmake_policy(VERSION 3.25)

# Doors of bowline::bowline and of bowline::asio, as globs below bowline/.
set(BOWLINE_DOORS base/version.hpp stack/stack.hpp link/*.hpp wire/*.hpp dns/*.hpp dhcp/*.hpp
  driver/*.hpp sim/*.hpp trace/*.hpp os/*.hpp)
set(BOWLINE_ASIO_DOORS asio.hpp asio/beast.hpp)
# What stands among them for the house's own tests.
set(BOWLINE_NOT_PUBLIC "_test\\.hpp$|/test_[a-z_]+\\.hpp$")

# Installed because a public class has one inside, and nobody's to use: containers of the core, and what
# stands behind Asio's templates. docs/asio.md speaks of the templates' members.
set(BOWLINE_MACHINERY "bowline/base/(fixed_vector|inline_vector|ring|siphash|slab)\\.hpp|bowline/link/frame_queue\\.hpp"
  "|bowline/sim/(agenda|fifo|pipe)\\.hpp|bowline/ip/timing\\.hpp"
  "|bowline/asio/(basic_[a-z_]+|context|initiation|operation|(socket|stream|datagram)_[a-z]+)\\.hpp|\\.inc$")
list(JOIN BOWLINE_MACHINERY "" BOWLINE_MACHINERY)

# bowline_public_headers(variable root [glob…]): the headers behind these doors, as paths below `root`.
function(bowline_public_headers variable root)
  list(TRANSFORM ARGN PREPEND ${root}/bowline/ OUTPUT_VARIABLE doors)
  file(GLOB todo RELATIVE ${root} ${doors})
  list(FILTER todo EXCLUDE REGEX ${BOWLINE_NOT_PUBLIC})
  set(found)
  while(todo)
    list(POP_FRONT todo header)
    if(header IN_LIST found)
      continue()
    endif()
    list(APPEND found ${header})
    file(STRINGS ${root}/${header} includes REGEX "^#include \"bowline/")
    foreach(include IN LISTS includes)
      string(REGEX REPLACE "^#include \"([^\"]+)\".*" "\\1" include "${include}")
      list(APPEND todo ${include})
    endforeach()
  endwhile()
  list(SORT found)
  set(${variable} ${found} PARENT_SCOPE)
endfunction()

if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  cmake_path(ABSOLUTE_PATH CMAKE_CURRENT_LIST_DIR NORMALIZE OUTPUT_VARIABLE root)
  cmake_path(GET root PARENT_PATH root)
  bowline_public_headers(headers ${root} ${BOWLINE_DOORS} ${BOWLINE_ASIO_DOORS})
  if(REFERENCE)
    list(FILTER headers EXCLUDE REGEX ${BOWLINE_MACHINERY})
  endif()
  list(JOIN headers "\n" headers)
  execute_process(COMMAND ${CMAKE_COMMAND} -E echo "${headers}")
endif()
