# The four kinds of target that Inlay has. A folder holds one of them.

# inlay_add_library(<Name> <sources...> [LINK <targets...>])
# A library of plain C++: LLVM's Support is allowed, MLIR is not.
function(inlay_add_library name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_library(Inlay${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(Inlay${name} PUBLIC ${ARG_LINK} LLVM)
  inlay_export(Inlay${name})
endfunction()

# inlay_add_mlir_library(<Name> <sources...> [LINK <targets...>] [DEPENDS <tablegen targets...>])
# A library that includes MLIR: dialects, passes, translations.
function(inlay_add_mlir_library name)
  cmake_parse_arguments(ARG "" "" "LINK;DEPENDS" ${ARGN})
  add_library(Inlay${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(Inlay${name} PUBLIC ${ARG_LINK} MLIR LLVM)
  # Code that mlir-tblgen generates, headers included, has unused parameters.
  target_compile_options(Inlay${name} PUBLIC -Wno-unused-parameter)
  if(ARG_DEPENDS)
    add_dependencies(Inlay${name} ${ARG_DEPENDS})
  endif()
  if(INLAY_ENABLE_PCH)
    target_precompile_headers(Inlay${name} REUSE_FROM InlayPCH)
  endif()
  inlay_export(Inlay${name})
endfunction()

# inlay_add_tool(<name> <sources...> [LINK <targets...>])
# Programs take the allocator; libraries leave the choice to who links them.
function(inlay_add_tool name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ${ARG_LINK})
  if(TARGET mimalloc)
    target_link_libraries(${name} PRIVATE mimalloc)
  endif()
  set_property(GLOBAL APPEND PROPERTY INLAY_TOOLS ${name})
  install(TARGETS ${name} EXPORT InlayTargets)
endfunction()

# inlay_add_unittest(<Library> <sources...> [LINK <targets...>])
function(inlay_add_unittest library)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  set(name Inlay${library}Tests)
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${INLAY_BINARY_DIR}/unittests/${library})
  set_property(GLOBAL APPEND PROPERTY INLAY_UNITTESTS ${name})
endfunction()

# inlay_tablegen(<File.td> <target> <output> <generator> [<output> <generator>]...)
# Generates each output beside the .td file's place in the build tree.
function(inlay_tablegen td target)
  set(LLVM_TARGET_DEFINITIONS ${td})
  set(pairs ${ARGN})
  while(pairs)
    list(POP_FRONT pairs output generator)
    separate_arguments(generator)
    mlir_tablegen(${output} ${generator} EXTRA_INCLUDES ${INLAY_SOURCE_DIR})
  endwhile()
  add_public_tablegen_target(${target})
endfunction()
