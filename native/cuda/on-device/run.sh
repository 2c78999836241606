#!/usr/bin/env bash
# What a first machine with a GPU runs: needs the build's folder `cuda` and a driver, no network, no compiler, no Maven.
#
#   native/cuda/on-device/run.sh BUILD            on the GPU
#   native/cuda/on-device/run.sh BUILD emulated   the same on the emulation, to try the script
#
# 1. every wrapper of PTX against plain loops          cuda_vocabulary_test_on_device
# 2. every kernel against plain loops                  cuda_kernel_tests_on_device
# 3. the bits of every result against the emulation's  cuda_kernel_tests
# 4. compute-sanitizer, where it is: memcheck and racecheck of a part of 2
#
# Exit code 0: all passed. What it prints last is the row for VERIFIED.md.
set -euo pipefail
build=${1:?usage: run.sh BUILD [emulated]}
kind=${2:-device}
seed=${DETR4J_SEED:-20261130}
cases=${DETR4J_CASES:-1000} # at most so many of each kernel
case $kind in
  device) vocabulary=$build/cuda/cuda_vocabulary_test_on_device kernels=$build/cuda/cuda_kernel_tests_on_device ;;
  emulated) vocabulary=$build/cuda/tests/cuda_vocabulary_test kernels=$build/cuda/tests/cuda_kernel_tests ;;
  *) echo "run.sh: $kind is neither device nor emulated" >&2; exit 2 ;;
esac
export LD_LIBRARY_PATH=$build/cuda${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo "== vocabulary"
"$vocabulary"
echo "== kernels"
"$kernels" seed="$seed" cases="$cases" | tee "$work/here"
echo "== bits"
"$build/cuda/tests/cuda_kernel_tests" seed="$seed" cases="$cases" > "$work/emulated"
# Tensor cores add in ways of their own, so the tests of those kernels compare with plain loops alone.
same_bits() { grep '^ok' "$1" | grep -v '^ok tensor_'; }
if ! diff <(same_bits "$work/emulated") <(same_bits "$work/here"); then
  echo "run.sh: results differ from the emulation's in their bits (< emulated, > here)" >&2
  exit 1
fi
echo "equal"
sanitized=without
if [ "$kind" = device ] && command -v compute-sanitizer >/dev/null; then
  for tool in memcheck racecheck; do
    echo "== $tool"
    compute-sanitizer --tool "$tool" --error-exitcode 1 "$kernels" seed="$seed" cases=4 > "$work/$tool" || { cat "$work/$tool"; exit 1; }
  done
  sanitized="with"
fi
device=$(sed -n 's/^on //p' "$work/here")
digest=$(sed -n 's/^kernels //p' "$work/here")
driver=$(nvidia-smi --query-gpu=driver_version --format=csv,noheader 2>/dev/null | head -1 || true)
echo "== row for VERIFIED.md"
echo "| $(date -u +%F) | $device | ${driver:-none} | $(git rev-parse --short HEAD 2>/dev/null || echo '?') | $digest | vocabulary, kernels, bits, $sanitized compute-sanitizer |"
