# libdetr4j_cuda_emulated: the kernels as C++ on the emulation, with a race build of both for the tests.
if(NOT BUILD_TESTING) # nothing but tests uses it
  return()
endif()
if(NOT CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang" OR NOT UNIX OR APPLE)
  message(STATUS "detr4j: libdetr4j_cuda_emulated is not built: it needs Linux and g++ or clang++, this is ${CMAKE_CXX_COMPILER_ID} on ${CMAKE_SYSTEM_NAME}")
  return()
endif()

# Fused multiply-adds are one instruction on AArch64, and with these flags on x86-64; without them they are calls of libm.
set(DETR4J_EMULATION_FLAGS)
if(DETR4J_PROCESSOR MATCHES "^(x86_64|amd64)$")
  set(DETR4J_EMULATION_FLAGS ${DETR4J_V3_FLAGS})
endif()
set(DETR4J_EMULATED_OPTIONS -Wall -Wextra -Wno-unknown-pragmas -Wno-subobject-linkage -ffp-contract=off -fno-math-errno -g1 ${DETR4J_EMULATION_FLAGS})
if(DETR4J_WERROR)
  list(APPEND DETR4J_EMULATED_OPTIONS -Werror)
endif()
file(GLOB DETR4J_EMULATION CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/emulation/*.cpp")
set(DETR4J_EMULATION_RACE "${CMAKE_CURRENT_SOURCE_DIR}/emulation/race.cpp" "${CMAKE_CURRENT_SOURCE_DIR}/emulation/profile.cpp"
  "${CMAKE_CURRENT_SOURCE_DIR}/emulation/tsan_calls.cpp")
set_source_files_properties(${DETR4J_CUDA_SOURCES} PROPERTIES LANGUAGE CXX COMPILE_OPTIONS "-xc++")

# detr4j_emulated_objects(<name> <sources...>): an object library of kernels or tests for the emulation.
function(detr4j_emulated_objects name)
  add_library(${name} OBJECT ${ARGN})
  target_include_directories(${name} PRIVATE ${DETR4J_CUDA_INCLUDES})
  target_compile_options(${name} PRIVATE ${DETR4J_EMULATED_OPTIONS})
  target_compile_definitions(${name} PRIVATE DETR4J_EMULATED=1)
  add_dependencies(${name} detr4j_cuda_digest)
endfunction()

set(DETR4J_EMULATION_PLAIN ${DETR4J_EMULATION})
list(REMOVE_ITEM DETR4J_EMULATION_PLAIN ${DETR4J_EMULATION_RACE})
detr4j_emulated_objects(detr4j_emulation ${DETR4J_EMULATION_PLAIN})
detr4j_emulated_objects(detr4j_cuda_kernels ${DETR4J_CUDA_SOURCES})

add_library(detr4j_cuda_emulated SHARED $<TARGET_OBJECTS:detr4j_emulation> $<TARGET_OBJECTS:detr4j_cuda_kernels>)
target_include_directories(detr4j_cuda_emulated PUBLIC "${PROJECT_SOURCE_DIR}/include")
target_link_options(detr4j_cuda_emulated PRIVATE -Wl,--no-undefined -Wl,-z,relro -Wl,-z,now)
target_link_libraries(detr4j_cuda_emulated PRIVATE pthread dl)

# gcc calls a function before each access of memory; tsan_calls.cpp has them, libtsan is not linked.
set(DETR4J_RACE_OPTIONS -O1 -fsanitize=thread)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT DETR4J_SANITIZE)
  set(DETR4J_RACE_BUILD ON)
  list(APPEND DETR4J_RACE_OPTIONS --param=tsan-instrument-func-entry-exit=0)
  detr4j_emulated_objects(detr4j_emulation_race ${DETR4J_EMULATION})
  target_compile_definitions(detr4j_emulation_race PRIVATE EMULATION_RACE=1)
  detr4j_emulated_objects(detr4j_cuda_kernels_race ${DETR4J_CUDA_SOURCES})
  target_compile_options(detr4j_cuda_kernels_race PRIVATE ${DETR4J_RACE_OPTIONS})
  target_compile_definitions(detr4j_cuda_kernels_race PRIVATE EMULATION_RACE=1)
elseif(NOT DETR4J_SANITIZE)
  message(STATUS "detr4j: no race build of the CUDA kernels: it needs g++, this is ${CMAKE_CXX_COMPILER_ID}")
endif()
