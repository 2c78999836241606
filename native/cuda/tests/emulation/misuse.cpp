// misuse NAME: a kernel that breaks a rule of the hardware. The emulation has to say which; ctest looks for its sentence.
#include <cstdio>
#include <cstdlib>

#include "../../emulation/memory.h"
#include "../../emulation/report.h"
#include "../../launch.h"

namespace {

__global__ void different_barriers(float* out) {
  if (threadIdx.x < 40) {
    __syncthreads();
    out[0] = 1;
  } else {
    __syncthreads();
    out[1] = 2;
  }
}

__global__ void barrier_of_some(float* out) {
  if (threadIdx.x == 3) {
    out[threadIdx.x] = __shfl_xor_sync(0x18u, 1.0f, 7);
  } else {
    __syncthreads();
  }
}

__global__ void some_lanes(float* out) {
  float v = (float)threadIdx.x;
  if (threadIdx.x % 32 < 20) v = __shfl_xor_sync(ALL_LANES, v, 1);
  out[threadIdx.x] = v;
}

__global__ void lane_outside_mask(float* out) { out[threadIdx.x] = __shfl_xor_sync(0x0000ffffu, (float)threadIdx.x, 1); }

__global__ void reads_lane_outside(float* out) {
  if (threadIdx.x < 16) out[threadIdx.x] = __shfl_sync(0x0000ffffu, (float)threadIdx.x, 20);
}

__global__ void shared_out_of_bounds(float* out) {
  float* shared = &shared_memory<float>();
  shared[threadIdx.x * 64] = 1.0f;
  out[threadIdx.x] = shared[threadIdx.x * 64];
}

__global__ void null_pointer(float* out) { out[threadIdx.x] = *static_cast<volatile float*>(nullptr); }

__global__ void unaligned_vector(float* out) { store4(reinterpret_cast<float4*>(out + 1), make_float4(0, 0, 0, 0)); }

__global__ void unaligned_copy(float* out) {
  float* shared = &shared_memory<float>();
  cp_async<16>(shared + 1, out, true);
}

__global__ void early_exit(float* out) {  // allowed: threads that have ended no longer count
  if (threadIdx.x >= 64) return;
  __syncthreads();
  out[threadIdx.x] = 1;
}

int deep(volatile int* from, int n) {
  volatile int frame[200];
  frame[n % 200] = *from;
  return n == 0 ? frame[0] : deep(frame, n - 1) + frame[n % 200];
}
__global__ void deep_stack(float* out) {
  volatile int start = (int)threadIdx.x;
  out[threadIdx.x] = (float)deep(&start, 2000);
}

struct Misuse {
  const char* name;
  void (*kernel)(float*);
  unsigned threads;
  size_t shared;
};
const Misuse ALL[] = {
    {"different_barriers", different_barriers, 64, 0},   {"barrier_of_some", barrier_of_some, 64, 0},
    {"some_lanes", some_lanes, 64, 0},                   {"lane_outside_mask", lane_outside_mask, 64, 0},
    {"reads_lane_outside", reads_lane_outside, 32, 0},   {"shared_out_of_bounds", shared_out_of_bounds, 64, 1024},
    {"null_pointer", null_pointer, 32, 0},               {"unaligned_vector", unaligned_vector, 32, 0},
    {"unaligned_copy", unaligned_copy, 32, 1024},        {"too_many_threads", early_exit, 2048, 0},
    {"too_much_shared", early_exit, 64, (227 << 10) + 4}, {"early_exit", early_exit, 128, 0},
    {"deep_stack", deep_stack, 32, 0},
};

}  // namespace

int main(int count, char** arguments) {
  emulation::report_faults();
  void* out;
  cudaStream_t stream;
  cudaMalloc(&out, 4096);
  cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
  for (const Misuse& m : ALL) {
    if (count < 2 || strcmp(m.name, arguments[1]) != 0) continue;
    const cudaError_t error = launch({m.name, dim3(1), dim3(m.threads), m.shared, stream}, m.kernel, static_cast<float*>(out));
    cudaStreamSynchronize(stream);
    printf("%s: %s\n", m.name, cudaGetErrorString(error));
    return error != cudaSuccess;
  }
  fprintf(stderr, "misuse %s does not exist\n", count < 2 ? "" : arguments[1]);
  return 2;
}
