# libdetr4j_cuda: the kernels by nvcc, which needs no GPU. Static CUDA runtime: the library needs libc and a driver, nothing else.
if(DETR4J_CUDA STREQUAL "OFF")
  message(STATUS "detr4j: libdetr4j_cuda is left out (DETR4J_CUDA=OFF)")
  return()
endif()
find_program(DETR4J_NVCC nvcc HINTS ENV CUDA_PATH ENV CUDA_HOME PATHS /usr/local/cuda PATH_SUFFIXES bin)
if(DETR4J_NVCC)
  get_filename_component(toolkit "${DETR4J_NVCC}" REALPATH)
  get_filename_component(toolkit "${toolkit}" DIRECTORY)
  find_library(DETR4J_CUDART cudart_static HINTS "${toolkit}/.." /usr/local/cuda PATH_SUFFIXES lib64 lib targets/x86_64-linux/lib targets/sbsa-linux/lib)
endif()
if(CMAKE_CROSSCOMPILING OR DETR4J_SANITIZE)
  set(reason "a cross build and a build with sanitizers make the emulated one only")
elseif(NOT DETR4J_NVCC)
  set(reason "no nvcc on the PATH, in CUDA_PATH or in /usr/local/cuda")
elseif(NOT DETR4J_CUDART)
  set(reason "no libcudart_static.a beside ${DETR4J_NVCC}")
endif()
if(reason)
  if(DETR4J_CUDA STREQUAL "ON")
    message(FATAL_ERROR "detr4j: DETR4J_CUDA=ON, but libdetr4j_cuda cannot be built: ${reason}")
  endif()
  message(STATUS "detr4j: libdetr4j_cuda is not built: ${reason}")
  return()
endif()

# -fmad=false: products and sums are fused where the source says so, as on the emulation.
# -compress-mode=size: the device code would take 23 MB, of which a jar's own compression leaves 4.7.
set(flags -std=c++17 -O3 -fmad=false -compress-mode=size -Xcompiler=-fPIC,-fvisibility=hidden,-Wall)
if(DETR4J_WERROR)
  list(APPEND flags -Werror=all-warnings)
endif()
foreach(architecture IN LISTS DETR4J_CUDA_ARCHITECTURES)
  list(APPEND flags "-gencode=arch=compute_${architecture},code=sm_${architecture}")
endforeach()
list(GET DETR4J_CUDA_ARCHITECTURES -1 newest)
list(APPEND flags "-gencode=arch=compute_${newest},code=compute_${newest}") # PTX, for devices that are newer still
foreach(folder IN LISTS DETR4J_CUDA_INCLUDES)
  list(APPEND flags "-I${folder}")
endforeach()

# detr4j_cuda_objects(<variable> <sources...>): compiles with nvcc; the variable gets the object files.
function(detr4j_cuda_objects variable)
  set(objects)
  foreach(source IN LISTS ARGN)
    get_filename_component(name "${source}" NAME_WE)
    set(object "${CMAKE_CURRENT_BINARY_DIR}/device/${name}.o")
    set(generated)
    if(name STREQUAL "abi")
      set(generated "${CMAKE_CURRENT_BINARY_DIR}/kernels_digest.inc")
    endif()
    add_custom_command(OUTPUT "${object}"
      COMMAND "${CMAKE_COMMAND}" -E make_directory "${CMAKE_CURRENT_BINARY_DIR}/device"
      COMMAND "${CMAKE_COMMAND}" "-DREPORT=${object}.ptxas" -P "${CMAKE_CURRENT_SOURCE_DIR}/compile.cmake"
        "${DETR4J_NVCC}" ${flags} -Xptxas=-v -MD -MT "${object}" -MF "${object}.d" -c "${source}" -o "${object}"
      DEPENDS "${source}" "${CMAKE_CURRENT_SOURCE_DIR}/compile.cmake" ${generated} DEPFILE "${object}.d" COMMENT "nvcc ${name}.cu" VERBATIM)
    set_source_files_properties("${object}" PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
    list(APPEND objects "${object}")
  endforeach()
  set(${variable} ${objects} PARENT_SCOPE)
endfunction()

detr4j_cuda_objects(DETR4J_CUDA_OBJECTS ${DETR4J_CUDA_SOURCES})
add_library(detr4j_cuda SHARED ${DETR4J_CUDA_OBJECTS})
set_target_properties(detr4j_cuda PROPERTIES LINKER_LANGUAGE CXX)
target_include_directories(detr4j_cuda PUBLIC "${PROJECT_SOURCE_DIR}/include")
# The runtime's own symbols stay inside.
target_link_options(detr4j_cuda PRIVATE -static-libstdc++ -static-libgcc -Wl,--exclude-libs,ALL -Wl,--no-undefined -Wl,-z,relro -Wl,-z,now -s)
target_link_libraries(detr4j_cuda PRIVATE "${DETR4J_CUDART}" rt pthread dl)
# The Maven build packs exactly this component into the CUDA jar.
install(TARGETS detr4j_cuda LIBRARY DESTINATION . COMPONENT natives_cuda)

if(BUILD_TESTING)
  # To run on a machine with a GPU, in this order; ctest does not. The build keeps them compiling.
  detr4j_cuda_objects(objects "${CMAKE_CURRENT_SOURCE_DIR}/tests/vocabulary_test.cu")
  add_executable(cuda_vocabulary_test_on_device ${objects})
  set_target_properties(cuda_vocabulary_test_on_device PROPERTIES LINKER_LANGUAGE CXX)
  target_link_libraries(cuda_vocabulary_test_on_device PRIVATE "${DETR4J_CUDART}" rt pthread dl)
  file(GLOB tests CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/tests/kernels/*.cpp")
  add_executable(cuda_kernel_tests_on_device tests/main.cpp tests/harness.cpp ${tests})
  target_link_libraries(cuda_kernel_tests_on_device PRIVATE detr4j_cuda)

  add_test(NAME cuda_device_resources COMMAND "${CMAKE_COMMAND}" "-DFOLDER=${CMAKE_CURRENT_BINARY_DIR}/device"
    -P "${CMAKE_CURRENT_SOURCE_DIR}/tests/resources.cmake")
  add_test(NAME cuda_device_needs_libc_only COMMAND "${CMAKE_COMMAND}" "-DREADELF=${CMAKE_READELF}" "-DLIBRARY=$<TARGET_FILE:detr4j_cuda>"
    -P "${CMAKE_CURRENT_SOURCE_DIR}/tests/needed.cmake")
endif()
