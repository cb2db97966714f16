# Compiler settings and the packages that Inlay stands on.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${INLAY_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${INLAY_BINARY_DIR}/lib)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${INLAY_BINARY_DIR}/lib)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

# add_mlir_doc copies into this folder; unset, it is the root of the file system.
set(MLIR_BINARY_DIR ${INLAY_BINARY_DIR})
# The shared libMLIR serves tools and plugins alike; a static copy beside it
# would give every dialect two identities.
set(MLIR_LINK_MLIR_DYLIB ON)
set(LLVM_LINK_LLVM_DYLIB ON)

find_package(MLIR REQUIRED CONFIG HINTS /usr/lib/llvm-22)
if(NOT LLVM_VERSION_MAJOR EQUAL 22)
  message(FATAL_ERROR "Inlay needs LLVM and MLIR 22, found ${LLVM_PACKAGE_VERSION}. "
                      "Run './dev setup', or set MLIR_DIR to a build of version 22.")
endif()
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)

find_package(Protobuf REQUIRED)
find_package(fmt REQUIRED)
find_package(GTest REQUIRED)
find_package(Threads REQUIRED)

include_directories(SYSTEM ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
include_directories(${INLAY_SOURCE_DIR}/include ${INLAY_BINARY_DIR}/include
                    ${INLAY_SOURCE_DIR} ${INLAY_BINARY_DIR})
separate_arguments(LLVM_DEFINITIONS_LIST NATIVE_COMMAND ${LLVM_DEFINITIONS})
add_definitions(${LLVM_DEFINITIONS_LIST})

add_compile_options(-Wall -Wextra -fno-exceptions)
if(INLAY_ENABLE_WERROR)
  add_compile_options(-Werror)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  add_link_options(-fuse-ld=lld)
endif()
if(INLAY_ENABLE_FUZZERS)
  set(INLAY_ENABLE_SANITIZERS ON)
  # A fuzzer goes on after what does not end the process.
  add_compile_options(-fsanitize=fuzzer-no-link -fno-sanitize-recover=undefined)
endif()
if(INLAY_ENABLE_SANITIZERS)
  add_compile_options(-fsanitize=address,undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
# Sanitizers bring an allocator of their own.
if(INLAY_ENABLE_MIMALLOC AND NOT INLAY_ENABLE_SANITIZERS)
  find_package(mimalloc REQUIRED)
endif()
