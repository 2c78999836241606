// Devices, memory and queues: the functions of detr4j_cuda.h that are no operation.
#include <new>

#include "queue.h"
#if !defined(__CUDACC__)
#include "emulation/options.h"
#endif

namespace {

constexpr int OLDEST_ARCHITECTURE = 80;

// For the question whether the library has machine code for a device, or PTX that its driver can translate.
__global__ void any_kernel() {}

// Bytes of shared memory that a block may use (CUDA Programming Guide, technical specifications per compute capability).
size_t shared_memory_of(int architecture) {
  switch (architecture) {
    case 80:
    case 87: return 163 << 10;
    case 90:
    case 100:
    case 103:
    case 110: return 227 << 10;
    default: return 99 << 10;  // 8.6, 8.9, 12.x; one that is not known here has as much at least
  }
}

__attribute__((format(printf, 4, 5))) int32_t fail(char* text, int64_t capacity, int32_t status, const char* format, ...) {
  if (text == nullptr || capacity <= 0) return status;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, (size_t)capacity, format, arguments);
  va_end(arguments);
  return status;
}

int32_t fail_to_find(char* text, int64_t capacity, cudaError_t error) {
  int driver = 0;
  cudaDriverGetVersion(&driver);
  if (error == cudaErrorInsufficientDriver && driver == 0) {
    return fail(text, capacity, DETR4J_CUDA_ERROR_DEVICE, "no NVIDIA driver is installed");
  }
  if (error == cudaErrorInsufficientDriver) {
    return fail(text, capacity, DETR4J_CUDA_ERROR_DEVICE, "the NVIDIA driver is too old: it serves CUDA %d.%d, this library needs 13.0", driver / 1000,
                driver % 1000 / 10);
  }
  if (error == cudaErrorNoDevice) return fail(text, capacity, DETR4J_CUDA_ERROR_DEVICE, "the NVIDIA driver shows no device");
  return fail(text, capacity, DETR4J_CUDA_ERROR_DEVICE, "the NVIDIA driver shows no device: %s", cudaGetErrorString(error));
}

// Device 0's call must not fall on device 1, whichever this operating-system thread used last.
cudaError_t choose(const detr4j_cuda_device* device) { return cudaSetDevice(device->number); }

int32_t out_of_memory(const detr4j_cuda_device* device, char* text, int64_t capacity, const char* what, int64_t bytes, cudaError_t error) {
  if (error != cudaErrorMemoryAllocation) {
    return fail(text, capacity, DETR4J_CUDA_ERROR_RUNTIME, "%s of %lld bytes on %s failed: %s", what, (long long)bytes, device->name,
                cudaGetErrorString(error));
  }
  cudaGetLastError();  // not an error of the next call
  size_t free_bytes = 0, total = 0;
  cudaMemGetInfo(&free_bytes, &total);
  return fail(text, capacity, DETR4J_CUDA_ERROR_MEMORY, "%s has %zu of %zu bytes free, %lld are needed", device->name, free_bytes, total, (long long)bytes);
}

}  // namespace

extern "C" {

uint32_t detr4j_cuda_abi_version(void) { return DETR4J_CUDA_ABI_VERSION; }

int32_t detr4j_cuda_device_count(int32_t* count, char* text, int64_t capacity) {
  int found = 0;
  *count = 0;
  const cudaError_t error = cudaGetDeviceCount(&found);
  if (error != cudaSuccess) return fail_to_find(text, capacity, error);
  *count = found;
  return DETR4J_CUDA_OK;
}

int32_t detr4j_cuda_open(int32_t number, int32_t most_architecture, detr4j_cuda_device** device, char* text, int64_t capacity) {
  *device = nullptr;
  int32_t count;
  const int32_t status = detr4j_cuda_device_count(&count, text, capacity);
  if (status != DETR4J_CUDA_OK) return status;
  if (number < 0 || number >= count) {
    return fail(text, capacity, DETR4J_CUDA_ERROR_DEVICE, "there is no device %d; the driver shows %d, counted from 0", number, count);
  }
  cudaDeviceProp properties;
  int major = 0, minor = 0, shared = 0;
  cudaError_t error = cudaSetDevice(number);
  if (error == cudaSuccess) error = cudaGetDeviceProperties(&properties, number);
  if (error == cudaSuccess) error = cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, number);
  if (error == cudaSuccess) error = cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, number);
  if (error == cudaSuccess) error = cudaDeviceGetAttribute(&shared, cudaDevAttrMaxSharedMemoryPerBlockOptin, number);
  if (error != cudaSuccess) {
    return fail(text, capacity, DETR4J_CUDA_ERROR_DEVICE, "device %d cannot be opened: %s", number, cudaGetErrorString(error));
  }
  const int own = 10 * major + minor, architecture = most_architecture == 0 ? own : most_architecture;
  if (own < OLDEST_ARCHITECTURE) {
    return fail(text, capacity, DETR4J_CUDA_ERROR_DEVICE, "%s has compute capability %d.%d, this library has kernels from %d.%d on", properties.name, major,
                minor, OLDEST_ARCHITECTURE / 10, OLDEST_ARCHITECTURE % 10);
  }
  if (architecture < OLDEST_ARCHITECTURE || architecture > own) {
    return fail(text, capacity, DETR4J_CUDA_ERROR_ARGUMENT, "sm_%d was requested, and %s is sm_%d; expected sm_%d to sm_%d", architecture, properties.name,
                own, OLDEST_ARCHITECTURE, own);
  }
  cudaFuncAttributes attributes;
  error = cudaFuncGetAttributes(&attributes, reinterpret_cast<const void*>(any_kernel));
  if (error != cudaSuccess) {
    cudaGetLastError();  // not an error of the next call
    return fail(text, capacity, DETR4J_CUDA_ERROR_DEVICE, "this library has no kernels for %s with compute capability %d.%d: %s", properties.name, major,
                minor, cudaGetErrorString(error));
  }
  size_t usable = (size_t)shared;
  if (architecture < own && shared_memory_of(architecture) < usable) usable = shared_memory_of(architecture);
  auto* opened = new (std::nothrow) detr4j_cuda_device{number, architecture, usable, ""};
  if (opened == nullptr) return fail(text, capacity, DETR4J_CUDA_ERROR_MEMORY, "no memory of the host is left");
  snprintf(opened->name, sizeof opened->name, "%s", properties.name);
  *device = opened;
  return DETR4J_CUDA_OK;
}

void detr4j_cuda_close(detr4j_cuda_device* device) { delete device; }

const char* detr4j_cuda_device_name(const detr4j_cuda_device* device) { return device->name; }

int32_t detr4j_cuda_device_architecture(const detr4j_cuda_device* device) { return device->architecture; }

int32_t detr4j_cuda_device_memory(const detr4j_cuda_device* device, int64_t* free_bytes, int64_t* total_bytes) {
  size_t left = 0, total = 0;
  if (choose(device) != cudaSuccess || cudaMemGetInfo(&left, &total) != cudaSuccess) return DETR4J_CUDA_ERROR_RUNTIME;
  *free_bytes = (int64_t)left;
  *total_bytes = (int64_t)total;
  return DETR4J_CUDA_OK;
}

int32_t detr4j_cuda_allocate(detr4j_cuda_device* device, int64_t bytes, void** memory, char* text, int64_t capacity) {
  *memory = nullptr;
  if (bytes < 0) return fail(text, capacity, DETR4J_CUDA_ERROR_ARGUMENT, "%lld bytes of device memory", (long long)bytes);
  cudaError_t error = choose(device);
  if (error == cudaSuccess) error = cudaMalloc(memory, (size_t)bytes);
  return error == cudaSuccess ? DETR4J_CUDA_OK : out_of_memory(device, text, capacity, "device memory", bytes, error);
}

int32_t detr4j_cuda_free(detr4j_cuda_device* device, void* memory) {
  return choose(device) == cudaSuccess && cudaFree(memory) == cudaSuccess ? DETR4J_CUDA_OK : DETR4J_CUDA_ERROR_RUNTIME;
}

int32_t detr4j_cuda_allocate_staging(detr4j_cuda_device* device, int64_t bytes, void** memory, char* text, int64_t capacity) {
  *memory = nullptr;
  if (bytes < 0) return fail(text, capacity, DETR4J_CUDA_ERROR_ARGUMENT, "%lld bytes of staging memory", (long long)bytes);
  cudaError_t error = choose(device);
  if (error == cudaSuccess) error = cudaMallocHost(memory, (size_t)bytes);
  if (error == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    return fail(text, capacity, DETR4J_CUDA_ERROR_MEMORY, "the host has no %lld bytes of memory that %s can copy from", (long long)bytes, device->name);
  }
  return error == cudaSuccess ? DETR4J_CUDA_OK : out_of_memory(device, text, capacity, "staging memory", bytes, error);
}

int32_t detr4j_cuda_free_staging(detr4j_cuda_device* device, void* memory) {
  return choose(device) == cudaSuccess && cudaFreeHost(memory) == cudaSuccess ? DETR4J_CUDA_OK : DETR4J_CUDA_ERROR_RUNTIME;
}

int32_t detr4j_cuda_queue_open(detr4j_cuda_device* device, detr4j_cuda_queue** queue, char* text, int64_t capacity) {
  *queue = nullptr;
  cudaStream_t stream;
  cudaError_t error = choose(device);
  if (error == cudaSuccess) error = cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
  if (error != cudaSuccess) return out_of_memory(device, text, capacity, "a queue", 0, error);
  auto* opened = new (std::nothrow) detr4j_cuda_queue;
  if (opened == nullptr) {
    cudaStreamDestroy(stream);
    return fail(text, capacity, DETR4J_CUDA_ERROR_MEMORY, "no memory of the host is left");
  }
  opened->device = device;
  opened->stream = stream;
  *queue = opened;
  return DETR4J_CUDA_OK;
}

void detr4j_cuda_queue_close(detr4j_cuda_queue* queue) {
  if (queue == nullptr) return;
  choose(queue->device);
  cudaStreamSynchronize(queue->stream);
  cudaStreamDestroy(queue->stream);
  delete queue;
}

const char* detr4j_cuda_queue_error(const detr4j_cuda_queue* queue) { return queue->sentence; }

int64_t detr4j_cuda_queue_launches(const detr4j_cuda_queue* queue) { return queue->launches; }

int32_t detr4j_cuda_upload(detr4j_cuda_queue* queue, void* to, const void* from, int64_t bytes) {
  DETR4J_REQUIRE(queue, bytes >= 0, "upload of %lld bytes", (long long)bytes);
  if (queue->broken != DETR4J_CUDA_OK) return queue->broken;
  return queue->checked(cudaMemcpyAsync(to, from, (size_t)bytes, cudaMemcpyHostToDevice, queue->stream), "upload");
}

int32_t detr4j_cuda_download(detr4j_cuda_queue* queue, void* to, const void* from, int64_t bytes) {
  DETR4J_REQUIRE(queue, bytes >= 0, "download of %lld bytes", (long long)bytes);
  if (queue->broken != DETR4J_CUDA_OK) return queue->broken;
  return queue->checked(cudaMemcpyAsync(to, from, (size_t)bytes, cudaMemcpyDeviceToHost, queue->stream), "download");
}

int32_t detr4j_cuda_fill(detr4j_cuda_queue* queue, void* to, int32_t byte, int64_t bytes) {
  DETR4J_REQUIRE(queue, bytes >= 0, "fill of %lld bytes", (long long)bytes);
  if (queue->broken != DETR4J_CUDA_OK) return queue->broken;
  return queue->checked(cudaMemsetAsync(to, byte, (size_t)bytes, queue->stream), "fill");
}

int32_t detr4j_cuda_wait(detr4j_cuda_queue* queue) {
  if (queue->broken != DETR4J_CUDA_OK) return queue->broken;
  return queue->checked(cudaStreamSynchronize(queue->stream), "a kernel");
}

int32_t detr4j_cuda_record(detr4j_cuda_queue* queue) {
  if (queue->broken != DETR4J_CUDA_OK) return queue->broken;
  choose(queue->device);
  return queue->checked(cudaStreamBeginCapture(queue->stream, cudaStreamCaptureModeThreadLocal), "recording");
}

int32_t detr4j_cuda_recorded(detr4j_cuda_queue* queue, detr4j_cuda_program** program) {
  *program = nullptr;
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t ready = nullptr;
  const cudaError_t ended = cudaStreamEndCapture(queue->stream, &graph);
  if (queue->broken != DETR4J_CUDA_OK || ended != cudaSuccess) {
    if (graph != nullptr) cudaGraphDestroy(graph);
    return queue->broken != DETR4J_CUDA_OK ? queue->broken : queue->checked(ended, "recording");
  }
  const cudaError_t error = cudaGraphInstantiate(&ready, graph, 0);
  cudaGraphDestroy(graph);
  if (error != cudaSuccess) return queue->checked(error, "a recorded program");
  *program = new (std::nothrow) detr4j_cuda_program{ready};
  if (*program != nullptr) return DETR4J_CUDA_OK;
  cudaGraphExecDestroy(ready);
  return queue->checked(cudaErrorMemoryAllocation, "a recorded program");
}

int32_t detr4j_cuda_replay(detr4j_cuda_queue* queue, const detr4j_cuda_program* program) {
  if (queue->broken != DETR4J_CUDA_OK) return queue->broken;
  const cudaError_t chosen = choose(queue->device);
  return queue->checked(chosen == cudaSuccess ? cudaGraphLaunch(program->graph, queue->stream) : chosen, "a recorded program");
}

void detr4j_cuda_program_close(detr4j_cuda_program* program) {
  if (program == nullptr) return;
  cudaGraphExecDestroy(program->graph);
  delete program;
}

#if defined(__CUDACC__)
int32_t detr4j_cuda_emulated(void) { return 0; }
int32_t detr4j_cuda_emulation_seed(uint64_t) { return DETR4J_CUDA_ERROR_ARGUMENT; }
#else
int32_t detr4j_cuda_emulated(void) { return emulation::options.poses ? 0 : 1; }
int32_t detr4j_cuda_emulation_seed(uint64_t seed) {
  emulation::options.seed = seed;
  return DETR4J_CUDA_OK;
}
#endif
}
