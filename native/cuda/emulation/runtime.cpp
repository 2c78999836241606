#include "runtime.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include "memory.h"
#include "options.h"

using emulation::DeviceState;
using emulation::options;

namespace {

using Work = std::function<void()>;

thread_local int current_device = 0;

bool has_devices() { return options.device != DeviceState::NO_DRIVER && options.device != DeviceState::OLD_DRIVER && options.device != DeviceState::NO_DEVICE; }

}  // namespace

struct EmulatedStream {
  int device = current_device;
  std::vector<Work> waiting, captured;
  bool capturing = false;

  void run() {
    if (waiting.empty()) return;
    std::vector<Work> work;
    work.swap(waiting);
    const emulation::DeviceAccess access;
    for (Work& w : work) w();
  }

  void put(Work work) {
    if (capturing) {
      captured.push_back(std::move(work));
      return;
    }
    waiting.push_back(std::move(work));
    if (options.order == emulation::Order::RANDOM && emulation::coin()) run();
  }
};

struct EmulatedGraph {
  int device;
  std::vector<Work> nodes;
};

const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaSuccess: return "no error";
    case cudaErrorInvalidValue: return "invalid argument";
    case cudaErrorMemoryAllocation: return "out of memory";
    case cudaErrorInvalidConfiguration: return "invalid configuration argument";
    case cudaErrorInsufficientDriver: return "CUDA driver version is insufficient for CUDA runtime version";
    case cudaErrorNoDevice: return "no CUDA-capable device is detected";
    case cudaErrorInvalidDevice: return "invalid device ordinal";
    case cudaErrorNoKernelImageForDevice: return "no kernel image is available for execution on the device";
    case cudaErrorInvalidResourceHandle: return "invalid resource handle";
    case cudaErrorStreamCaptureUnsupported: return "operation not permitted when stream is capturing";
  }
  return "unknown error";
}

cudaError_t cudaGetDeviceCount(int* count) {
  *count = 0;
  switch (options.device) {
    case DeviceState::NO_DRIVER:
    case DeviceState::OLD_DRIVER: return cudaErrorInsufficientDriver;
    case DeviceState::NO_DEVICE: return cudaErrorNoDevice;
    default: *count = options.devices; return cudaSuccess;
  }
}

cudaError_t cudaDriverGetVersion(int* version) {
  *version = options.device == DeviceState::NO_DRIVER ? 0 : options.device == DeviceState::OLD_DRIVER ? 12020 : 13000;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) {
  if (!has_devices() || device < 0 || device >= options.devices) return cudaErrorInvalidDevice;
  current_device = device;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  const int written = snprintf(properties->name, sizeof properties->name, "emulation on the CPU");
  if (device > 0) snprintf(properties->name + written, sizeof properties->name - (size_t)written, ", device %d", device);
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
  const int architecture = options.device == DeviceState::OLD_DEVICE ? 75 : options.architecture;
  switch (attribute) {
    case cudaDevAttrComputeCapabilityMajor: *value = architecture / 10; break;
    case cudaDevAttrComputeCapabilityMinor: *value = architecture % 10; break;
    case cudaDevAttrMultiProcessorCount: *value = 132; break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin: *value = (int)emulation::most_shared(); break;
  }
  return cudaSuccess;
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes*, const void*) {
  return options.device == DeviceState::NO_KERNELS ? cudaErrorNoKernelImageForDevice : cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t* free, size_t* total) {
  *total = options.device_bytes;
  *free = *total - std::min(*total, emulation::bytes_in_use());
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** memory, size_t bytes) {
  *memory = emulation::allocate(bytes);
  return *memory == nullptr ? cudaErrorMemoryAllocation : cudaSuccess;
}

cudaError_t cudaFree(void* memory) {
  return memory == nullptr || emulation::release(memory) ? cudaSuccess : cudaErrorInvalidValue;
}

cudaError_t cudaMallocHost(void** memory, size_t bytes) {
  *memory = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
  return *memory == nullptr ? cudaErrorMemoryAllocation : cudaSuccess;
}

cudaError_t cudaFreeHost(void* memory) {
  free(memory);
  return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  *stream = new EmulatedStream;
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  stream->run();
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (stream->capturing) return cudaErrorStreamCaptureUnsupported;
  stream->run();
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind, cudaStream_t stream) {
  if (bytes > 0) stream->put([=] { memcpy(to, from, bytes); });
  return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void* memory, int value, size_t bytes, cudaStream_t stream) {
  if (bytes > 0) stream->put([=] { memset(memory, value, bytes); });
  return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  if (stream->capturing) return cudaErrorStreamCaptureUnsupported;
  stream->capturing = true;
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  if (!stream->capturing) return cudaErrorInvalidValue;
  *graph = new EmulatedGraph{stream->device, std::move(stream->captured)};
  stream->captured.clear();
  stream->capturing = false;
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* ready, cudaGraph_t graph, unsigned long long) {
  *ready = new EmulatedGraph(*graph);
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t ready, cudaStream_t stream) {
  if (ready->device != stream->device || stream->device != current_device) return cudaErrorInvalidResourceHandle;
  stream->put([nodes = ready->nodes] {
    for (const Work& node : nodes) node();
  });
  return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t ready) {
  delete ready;
  return cudaSuccess;
}

namespace emulation {

cudaError_t launch(const LaunchShape& shape, cudaStream_t stream, std::function<void()> body) {
  if (const char* why = refusal(shape)) {
    fprintf(stderr, "emulation: launch of %s refused: %s\n", shape.kernel, why);
    return cudaErrorInvalidConfiguration;
  }
  if (stream->device != current_device) return cudaErrorInvalidResourceHandle;
  stream->put([shape, body = std::move(body)] { run_grid(shape, body); });
  return cudaSuccess;
}

}  // namespace emulation
