# `cmake --install`, find_package(bowline), pkg-config, and the packages of `cpack`.
#
# Components, which are the packages too: `runtime` (the shared libraries, if they are shared),
# `development` (headers, what links, CMake's and pkg-config's files), `command` (bowline, which needs
# no library of ours).

# cpack packs what was built; it does not start a build of its own.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
include(public_headers)

set(BOWLINE_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/bowline)
set(BOWLINE_PC_DIR ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
# The pkg-config files stay right when the tree is moved.
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX}/${BOWLINE_PC_DIR}
  OUTPUT_VARIABLE BOWLINE_PC_TO_PREFIX)
string(REGEX REPLACE "/$" "" BOWLINE_PC_TO_PREFIX ${BOWLINE_PC_TO_PREFIX})

# bowline_install_library(name export file-of-pkg-config description needs)
function(bowline_install_library name export pc description needs)
  install(TARGETS bowline_${name}_library EXPORT ${export}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT development
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
  install(EXPORT ${export} NAMESPACE bowline:: DESTINATION ${BOWLINE_CMAKE_DIR} COMPONENT development)
  set(BOWLINE_PC_NAME ${pc})
  set(BOWLINE_PC_DESCRIPTION ${description})
  set(BOWLINE_PC_NEEDS ${needs})
  configure_file(${PROJECT_SOURCE_DIR}/cmake/bowline.pc.in ${PROJECT_BINARY_DIR}/${pc}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${pc}.pc DESTINATION ${BOWLINE_PC_DIR} COMPONENT development)
endfunction()

# What a static library leaves open is for its user to link: then it is no private affair.
set(needs "fmt")
if(TARGET bowline_os)
  string(APPEND needs ", libmnl")
endif()
if(BUILD_SHARED_LIBS)
  set(needs "Requires.private: ${needs}")
else()
  set(needs "Requires: ${needs}")
endif()
bowline_install_library(bowline bowline-targets bowline "${PROJECT_DESCRIPTION}" "${needs}")
set(BOWLINE_INSTALLED_DOORS ${BOWLINE_DOORS})
if(TARGET bowline_asio_library)
  bowline_install_library(asio bowline-asio-targets bowline-asio "Boost.Asio over Bowline"
    "Requires: bowline = ${PROJECT_VERSION}")
  list(APPEND BOWLINE_INSTALLED_DOORS ${BOWLINE_ASIO_DOORS})
endif()

configure_package_config_file(cmake/bowline-config.cmake.in ${PROJECT_BINARY_DIR}/bowline-config.cmake
  INSTALL_DESTINATION ${BOWLINE_CMAKE_DIR} NO_SET_AND_CHECK_MACRO)
# Before 1.0 a new second number may change anything.
set(compatible SameMajorVersion)
if(PROJECT_VERSION_MAJOR EQUAL 0)
  set(compatible SameMinorVersion)
endif()
write_basic_package_version_file(${PROJECT_BINARY_DIR}/bowline-config-version.cmake
  COMPATIBILITY ${compatible})
install(FILES ${PROJECT_BINARY_DIR}/bowline-config.cmake ${PROJECT_BINARY_DIR}/bowline-config-version.cmake
  DESTINATION ${BOWLINE_CMAKE_DIR} COMPONENT development)

configure_file(cmake/install_headers.cmake.in ${PROJECT_BINARY_DIR}/install_headers.cmake @ONLY)
install(SCRIPT ${PROJECT_BINARY_DIR}/install_headers.cmake COMPONENT development)

if(TARGET bowline)
  install(TARGETS bowline RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT command)
endif()

# ---- packages ------------------------------------------------------------------------------------

if(NOT PROJECT_IS_TOP_LEVEL)
  return()
endif()
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME bowline)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "TCP/IP host stack that lives inside a C++ program")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "The Bowline authors <maintainers@bowline.example>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE
  GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

configure_file(${PROJECT_SOURCE_DIR}/cmake/debian_changelog.in ${PROJECT_BINARY_DIR}/changelog @ONLY)
execute_process(COMMAND gzip -9nfk ${PROJECT_BINARY_DIR}/changelog COMMAND_ERROR_IS_FATAL ANY)

# bowline_package(component PACKAGE name SECTION section SUMMARY line DEPENDS text RECOMMENDS text)
macro(bowline_package component)
  cmake_parse_arguments(package "" "PACKAGE;SECTION;SUMMARY;DEPENDS;RECOMMENDS" "" ${ARGN})
  string(TOUPPER ${component} upper)
  list(APPEND CPACK_COMPONENTS_ALL ${component})
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${package_PACKAGE})
  set(CPACK_DEBIAN_${upper}_PACKAGE_SECTION ${package_SECTION})
  set(CPACK_COMPONENT_${upper}_DESCRIPTION ${package_SUMMARY})
  set(CPACK_DEBIAN_${upper}_PACKAGE_DEPENDS ${package_DEPENDS})
  set(CPACK_DEBIAN_${upper}_PACKAGE_RECOMMENDS ${package_RECOMMENDS})
  install(FILES ${PROJECT_SOURCE_DIR}/cmake/debian_copyright RENAME copyright
    DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package_PACKAGE} COMPONENT ${component})
  install(FILES ${PROJECT_BINARY_DIR}/changelog.gz
    DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package_PACKAGE} COMPONENT ${component})
endmacro()

set(CPACK_COMPONENTS_ALL)
set(development_depends "libfmt-dev, libmnl-dev")
if(BUILD_SHARED_LIBS)
  set(runtime_package libbowline${PROJECT_VERSION_MAJOR})
  bowline_package(runtime PACKAGE ${runtime_package} SECTION libs
    SUMMARY "The shared libraries, on TUN or in memory; the second one for Boost.Asio.")
  set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
  file(WRITE ${PROJECT_BINARY_DIR}/triggers "activate-noawait ldconfig\n")
  set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA ${PROJECT_BINARY_DIR}/triggers)
  set(development_depends "${runtime_package} (= ${PROJECT_VERSION})")
endif()
# Boost is for those who include bowline/asio.hpp.
bowline_package(development PACKAGE libbowline-dev SECTION libdevel
  SUMMARY "What programs are built with: headers, CMake and pkg-config files."
  DEPENDS "${development_depends}" RECOMMENDS "libboost1.81-dev")
if(TARGET bowline)
  bowline_package(command PACKAGE bowline SECTION net
    SUMMARY "The command that serves files over it and shows every packet with its reason.")
endif()
include(CPack)
