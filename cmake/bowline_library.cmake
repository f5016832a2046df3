# What programs outside link: bowline::bowline and bowline::asio, each one library made of layers.
#
# The layers stay targets of their own, for the house's programs and tests; a library is their object
# files together, so nothing is compiled twice. Static by default; with BUILD_SHARED_LIBS the layers are
# compiled for a shared library as well, and what it exports is the versioned namespace, bowline::v0 (of
# version 0.x.y), and nothing else: not fmt, not the instances of the standard library's templates.

# The first number of the version names the inline namespace, and is the SOVERSION.
set(BOWLINE_ABI v${PROJECT_VERSION_MAJOR})
string(LENGTH ${BOWLINE_ABI} BOWLINE_ABI_LENGTH)
configure_file(${CMAKE_CURRENT_LIST_DIR}/exports.map.in ${PROJECT_BINARY_DIR}/exports.map @ONLY)

# bowline_library(name LAYERS layer… [DEPS library…] [LIBS library…])
#
# Makes of those of the layers that this build has the target bowline::<name>.
#
# DEPS  other libraries of this kind
# LIBS  what its headers need; what only its sources need it knows from the layers
function(bowline_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LAYERS;DEPS;LIBS")
  set(objects)
  set(private)
  foreach(layer IN LISTS arg_LAYERS)
    if(TARGET bowline_${layer})
      get_target_property(type bowline_${layer} TYPE)
      if(type STREQUAL STATIC_LIBRARY)
        list(APPEND objects $<TARGET_OBJECTS:bowline_${layer}>)
        get_target_property(libraries bowline_${layer} BOWLINE_LIBS)
        list(APPEND private ${libraries})
      endif()
    endif()
  endforeach()
  if(NOT objects)
    return()
  endif()
  list(REMOVE_DUPLICATES private)
  list(REMOVE_ITEM private ${arg_LIBS} "")

  set(target bowline_${name}_library)
  add_library(${target} ${objects})
  add_library(bowline::${name} ALIAS ${target})
  set(output bowline-${name})
  if(name STREQUAL bowline)
    set(output bowline)
  endif()
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME ${output}
    EXPORT_NAME ${name}
    LINKER_LANGUAGE CXX
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}
    EXCLUDE_FROM_ALL $<NOT:$<BOOL:${BOWLINE_INSTALL}>>)
  target_include_directories(${target} INTERFACE
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:include>)
  target_compile_features(${target} INTERFACE cxx_std_23)
  list(TRANSFORM arg_DEPS REPLACE "(.+)" "bowline_\\1_library")
  target_link_libraries(${target} PUBLIC ${arg_DEPS} ${arg_LIBS} PRIVATE ${private})
  if(BUILD_SHARED_LIBS)
    target_link_options(${target} PRIVATE
      LINKER:--version-script=${PROJECT_BINARY_DIR}/exports.map LINKER:--no-undefined)
    set_property(TARGET ${target} PROPERTY LINK_DEPENDS ${PROJECT_BINARY_DIR}/exports.map)
  endif()
endfunction()
