# Cross-compiles for AArch64 Linux with Debian's gcc-aarch64-linux-gnu, and lets ctest run the result under qemu-user:
# cmake -S native -B build -DCMAKE_TOOLCHAIN_FILE=native/cmake/aarch64-linux-gnu.cmake
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
# g++-aarch64-linux-gnu may be missing: then the emulated CUDA library is left out, and the build says so.
find_program(DETR4J_CROSS_CXX aarch64-linux-gnu-g++)
if(DETR4J_CROSS_CXX)
  set(CMAKE_CXX_COMPILER "${DETR4J_CROSS_CXX}")
endif()
set(CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
find_program(DETR4J_QEMU NAMES qemu-aarch64 qemu-aarch64-static)
if(DETR4J_QEMU)
  set(CMAKE_CROSSCOMPILING_EMULATOR "${DETR4J_QEMU};-L;/usr/aarch64-linux-gnu")
endif()
