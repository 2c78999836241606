#!/bin/sh
# Cross-compiles the library for AArch64 and runs its C tests, NEON and plain C, under qemu-user.
#
#   native/check-aarch64.sh [BUILD_FOLDER] [ctest arguments ...]
#
# Exit code 0: built and passed. 1: failed. 77: a tool is missing, so nothing was checked; the message names its package.
set -eu
source=$(cd "$(dirname "$0")" && pwd)
build=${1:-$source/target/aarch64}
[ $# -eq 0 ] || shift

missing=
command -v cmake >/dev/null 2>&1 || missing="$missing cmake"
command -v aarch64-linux-gnu-gcc >/dev/null 2>&1 || missing="$missing gcc-aarch64-linux-gnu"
[ -e /usr/aarch64-linux-gnu/lib/libc.so.6 ] || missing="$missing libc6-dev-arm64-cross"
command -v qemu-aarch64 >/dev/null 2>&1 || command -v qemu-aarch64-static >/dev/null 2>&1 || missing="$missing qemu-user"
if [ -n "$missing" ]; then
  echo "check-aarch64: NOT CHECKED, these packages are missing:$missing" >&2
  exit 77
fi

cmake -S "$source" -B "$build" -DCMAKE_TOOLCHAIN_FILE="$source/cmake/aarch64-linux-gnu.cmake" || exit 1
cmake --build "$build" -j "$(nproc)" || exit 1
cd "$build"
ctest --output-on-failure "$@" || exit 1
echo "check-aarch64: built for aarch64 and passed under qemu-user"
