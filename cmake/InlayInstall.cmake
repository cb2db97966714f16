# What `cmake --install` puts where, and the package that find_package(Inlay) reads.
#
#   bin/                    the tools
#   lib/                    static libraries, libInlayC.so, InlayPlugin.so
#   lib/cmake/Inlay/        the package
#   include/inlay-c/        the C API
#   include/inlay-cxx/      C++ headers as the source tree has them: inlay/..., dialects/... with
#                           what TableGen generated; a folder of its own, for `dialects` is no name
#                           to put into a shared include/
#   share/inlay/            data: targets/, measured/, ispd2020/, schema/

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(INLAY_INSTALL_CXX_INCLUDE ${CMAKE_INSTALL_INCLUDEDIR}/inlay-cxx)
set(INLAY_INSTALL_CMAKE ${CMAKE_INSTALL_LIBDIR}/cmake/Inlay)
set(INLAY_INSTALL_DATA ${CMAKE_INSTALL_DATADIR}/inlay)
# Installed tools find an LLVM that lies elsewhere than where the system looks.
set(CMAKE_INSTALL_RPATH_USE_LINK_PATH ON)

# Programs look for their data in share/inlay beside bin/ and lib/; the build tree has that too.
file(MAKE_DIRECTORY ${INLAY_BINARY_DIR}/share/inlay)
foreach(pair targets:targets data/measured:measured data/ispd2020:ispd2020 docs/schema:schema)
  string(REPLACE ":" ";" pair ${pair})
  list(GET pair 0 source)
  list(GET pair 1 name)
  file(CREATE_LINK ${INLAY_SOURCE_DIR}/${source} ${INLAY_BINARY_DIR}/share/inlay/${name} SYMBOLIC)
  install(DIRECTORY ${INLAY_SOURCE_DIR}/${source}/ DESTINATION ${INLAY_INSTALL_DATA}/${name})
endforeach()

# inlay_export(<target>)
# Makes a library part of the package, as Inlay::<name without "Inlay">. Those of tests are none.
function(inlay_export target)
  file(RELATIVE_PATH folder ${INLAY_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  if(NOT folder MATCHES "^(lib|dialects)")
    return()
  endif()
  string(REGEX REPLACE "^Inlay" "" name ${target})
  add_library(Inlay::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(${target} INTERFACE $<INSTALL_INTERFACE:${INLAY_INSTALL_CXX_INCLUDE}>)
  target_compile_features(${target} INTERFACE cxx_std_20)
  install(TARGETS ${target} EXPORT InlayTargets)
  set_property(GLOBAL APPEND PROPERTY INLAY_EXPORTED ${name})
endfunction()

# inlay_export_c(<target>)
# Makes the library of the C API part of the package, as Inlay::C, which needs neither C++ nor LLVM's package.
function(inlay_export_c target)
  add_library(Inlay::C ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME C)
  target_include_directories(${target} INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  install(TARGETS ${target} EXPORT InlayCTargets)
endfunction()

function(inlay_install_package)
  install(DIRECTORY ${INLAY_SOURCE_DIR}/include/inlay-c DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(DIRECTORY ${INLAY_SOURCE_DIR}/include/inlay DESTINATION ${INLAY_INSTALL_CXX_INCLUDE})
  install(DIRECTORY ${INLAY_SOURCE_DIR}/dialects DESTINATION ${INLAY_INSTALL_CXX_INCLUDE}
    FILES_MATCHING PATTERN "*.h" PATTERN "*.td" PATTERN PCH EXCLUDE)
  install(DIRECTORY ${INLAY_BINARY_DIR}/dialects DESTINATION ${INLAY_INSTALL_CXX_INCLUDE}
    FILES_MATCHING PATTERN "*.inc" PATTERN CMakeFiles EXCLUDE PATTERN PCH EXCLUDE)
  install(FILES ${INLAY_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

  install(EXPORT InlayCTargets NAMESPACE Inlay:: DESTINATION ${INLAY_INSTALL_CMAKE})
  install(EXPORT InlayTargets NAMESPACE Inlay:: DESTINATION ${INLAY_INSTALL_CMAKE})
  get_property(INLAY_EXPORTED GLOBAL PROPERTY INLAY_EXPORTED)
  configure_package_config_file(
    ${INLAY_SOURCE_DIR}/cmake/InlayConfig.cmake.in ${INLAY_BINARY_DIR}/cmake/InlayConfig.cmake
    INSTALL_DESTINATION ${INLAY_INSTALL_CMAKE}
    PATH_VARS INLAY_INSTALL_CXX_INCLUDE INLAY_INSTALL_DATA CMAKE_INSTALL_LIBDIR
    NO_CHECK_REQUIRED_COMPONENTS_MACRO)
  # Before 1.0 a minor version may change what C++ code relies on.
  write_basic_package_version_file(
    ${INLAY_BINARY_DIR}/cmake/InlayConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES
    ${INLAY_BINARY_DIR}/cmake/InlayConfig.cmake
    ${INLAY_BINARY_DIR}/cmake/InlayConfigVersion.cmake
    DESTINATION ${INLAY_INSTALL_CMAKE})
endfunction()
