// The functions of the ABI that are no operation: what each failure says, and that a queue survives a refusal.
#include <cstdio>
#include <cstring>
#include <string>
#include <thread>

#include "../emulation/memory.h"
#include "../emulation/options.h"
#include "detr4j_cuda.h"

namespace {

int failures;
using emulation::DeviceState;
using emulation::options;

void expect(const char* what, bool good, const std::string& got) {
  if (!good) failures++;
  printf("%s %s: %s\n", good ? "ok  " : "FAIL", what, got.c_str());
}

// Opening device `number` as `architecture` in this state of the system.
void expect_refusal(const char* what, DeviceState state, int32_t number, int32_t architecture, const char* sentence) {
  char text[300] = "";
  detr4j_cuda_device* device;
  options.device = state;
  const int32_t status = detr4j_cuda_open(number, architecture, &device, text, sizeof text);
  options.device = DeviceState::PRESENT;
  const int32_t expected = architecture == 0 ? DETR4J_CUDA_ERROR_DEVICE : DETR4J_CUDA_ERROR_ARGUMENT;
  expect(what, status == expected && device == nullptr && !strcmp(text, sentence), text);
}

void refusals_of_devices() {
  expect_refusal("no driver", DeviceState::NO_DRIVER, 0, 0, "no NVIDIA driver is installed");
  expect_refusal("old driver", DeviceState::OLD_DRIVER, 0, 0, "the NVIDIA driver is too old: it serves CUDA 12.2, this library needs 13.0");
  expect_refusal("no device", DeviceState::NO_DEVICE, 0, 0, "the NVIDIA driver shows no device");
  expect_refusal("old device", DeviceState::OLD_DEVICE, 0, 0,
                 "emulation on the CPU has compute capability 7.5, this library has kernels from 8.0 on");
  expect_refusal("no kernel image", DeviceState::NO_KERNELS, 0, 0,
                 "this library has no kernels for emulation on the CPU with compute capability 9.0: no kernel image is available for execution on the device");
  expect_refusal("other device", DeviceState::PRESENT, 3, 0, "there is no device 3; the driver shows 1, counted from 0");
  expect_refusal("higher architecture", DeviceState::PRESENT, 0, 100, "sm_100 was requested, and emulation on the CPU is sm_90; expected sm_80 to sm_90");
  expect_refusal("architecture without kernels", DeviceState::PRESENT, 0, 75,
                 "sm_75 was requested, and emulation on the CPU is sm_90; expected sm_80 to sm_90");
}

// A lower architecture has less shared memory, and what needs it says so: when it is asked for its limit, and when it is put on a queue.
void architecture_is_lowered(int32_t architecture, int32_t top_k, int32_t nms) {
  char text[300] = "";
  detr4j_cuda_device* device;
  detr4j_cuda_queue* queue;
  detr4j_cuda_open(0, architecture, &device, text, sizeof text);
  detr4j_cuda_queue_open(device, &queue, text, sizeof text);
  expect("lowered architecture", detr4j_cuda_device_architecture(device) == architecture, std::to_string(architecture));
  expect("top-k there", detr4j_cuda_device_top_k_most(device) == top_k, std::to_string(detr4j_cuda_device_top_k_most(device)));
  expect("lists of boxes there", detr4j_cuda_device_nms_most(device) == nms, std::to_string(detr4j_cuda_device_nms_most(device)));
  detr4j_cuda_nms p{};
  p.count = nms + 1;
  const std::string sentence = "nms_f32: " + std::to_string(nms + 1) + " boxes; there may be " + std::to_string(nms);
  const int32_t status = detr4j_cuda_nms_f32(queue, &p);
  expect("a longer list", status == DETR4J_CUDA_ERROR_ARGUMENT && detr4j_cuda_queue_error(queue) == sentence, detr4j_cuda_queue_error(queue));
  detr4j_cuda_queue_close(queue);
  detr4j_cuda_close(device);
}

// Two devices, used in turns by one thread: the emulation refuses a kernel on the wrong one.
void devices_take_turns() {
  options.devices = 2;
  char text[300] = "";
  detr4j_cuda_device* device[2];
  detr4j_cuda_queue* queue[2];
  detr4j_cuda_program* program[2];
  void* x[2];
  detr4j_cuda_add p[2] = {};
  float sum[2] = {};
  int32_t status = DETR4J_CUDA_OK;
  for (int i = 0; i < 2; i++) {
    status |= detr4j_cuda_open(i, 0, &device[i], text, sizeof text) | detr4j_cuda_queue_open(device[i], &queue[i], text, sizeof text);
    status |= detr4j_cuda_allocate(device[i], 4, &x[i], text, sizeof text) | detr4j_cuda_fill(queue[i], x[i], 0, 4);
    p[i].batch = p[i].rows = p[i].columns = 1;
    p[i].a = p[i].b = p[i].out = static_cast<float*>(x[i]);
  }
  for (int i = 0; i < 2; i++) status |= detr4j_cuda_add_f32(queue[i], &p[i]);
  for (int i = 0; i < 2; i++) {
    status |= detr4j_cuda_record(queue[i]) | detr4j_cuda_add_f32(queue[i], &p[i]) | detr4j_cuda_recorded(queue[i], &program[i]);
  }
  for (int i = 0; i < 2; i++) status |= detr4j_cuda_replay(queue[i], program[i]) | detr4j_cuda_download(queue[i], &sum[i], x[i], 4);
  for (int i = 0; i < 2; i++) {
    status |= detr4j_cuda_wait(queue[i]);
    expect("a device of two", status == DETR4J_CUDA_OK && sum[i] == 0, std::string(detr4j_cuda_device_name(device[i])) + detr4j_cuda_queue_error(queue[i]));
    detr4j_cuda_program_close(program[i]), detr4j_cuda_queue_close(queue[i]), detr4j_cuda_free(device[i], x[i]), detr4j_cuda_close(device[i]);
  }
  options.devices = 1;
}

void out_of_memory(detr4j_cuda_device* device) {
  char text[300] = "";
  void *small, *large;
  options.device_bytes = 1 << 20;
  detr4j_cuda_allocate(device, 1000, &small, text, sizeof text);
  const int32_t status = detr4j_cuda_allocate(device, 1 << 20, &large, text, sizeof text);
  const char* sentence = "emulation on the CPU has 1047576 of 1048576 bytes free, 1048576 are needed";
  expect("out of memory", status == DETR4J_CUDA_ERROR_MEMORY && large == nullptr && !strcmp(text, sentence), text);
  char cut[12];
  detr4j_cuda_allocate(device, 1 << 20, &large, cut, sizeof cut);
  expect("a short buffer for the sentence", !strcmp(cut, "emulation o"), cut);
  options.device_bytes = size_t(8) << 30;
  detr4j_cuda_free(device, small);
}

void refusal_leaves_the_queue_usable(detr4j_cuda_device* device) {
  char text[300] = "";
  detr4j_cuda_queue* queue;
  detr4j_cuda_queue_open(device, &queue, text, sizeof text);
  detr4j_cuda_max_pool p{};
  p.batch = p.in_h = p.in_w = p.channels = p.out_h = p.out_w = p.kernel = p.stride = 1;
  p.padding = 1;
  const int32_t status = detr4j_cuda_max_pool_f32(queue, &p);
  const char* sentence = "max_pool: kernel 1, stride 1, padding 1";
  expect("a refused operation", status == DETR4J_CUDA_ERROR_ARGUMENT && !strcmp(detr4j_cuda_queue_error(queue), sentence), detr4j_cuda_queue_error(queue));
  expect("the queue after it", detr4j_cuda_wait(queue) == DETR4J_CUDA_OK && detr4j_cuda_queue_launches(queue) == 0, "usable");
  detr4j_cuda_queue_close(queue);
}

// Two queues of one device, each on a thread of its own.
void queues_overlap(detr4j_cuda_device* device) {
  int wrong[2] = {};
  auto run = [&](int which) {
    char text[300];
    detr4j_cuda_queue* queue;
    void *x, *y, *host;
    const int64_t bytes = 4000;
    wrong[which] += detr4j_cuda_queue_open(device, &queue, text, sizeof text) != DETR4J_CUDA_OK;
    detr4j_cuda_allocate(device, bytes, &x, text, sizeof text);
    detr4j_cuda_allocate(device, bytes, &y, text, sizeof text);
    detr4j_cuda_allocate_staging(device, bytes, &host, text, sizeof text);
    float* numbers = static_cast<float*>(host);
    detr4j_cuda_add p{};
    p.batch = p.rows = 1, p.columns = 1000;
    p.a = p.b = static_cast<float*>(x), p.out = static_cast<float*>(y);
    for (int call = 0; call < 50; call++) {
      for (int i = 0; i < 1000; i++) numbers[i] = (float)(i + call * (which + 1));
      detr4j_cuda_upload(queue, x, host, bytes);
      detr4j_cuda_add_f32(queue, &p);
      detr4j_cuda_download(queue, host, y, bytes);
      wrong[which] += detr4j_cuda_wait(queue) != DETR4J_CUDA_OK;
      for (int i = 0; i < 1000; i++) wrong[which] += numbers[i] != 2.0f * (float)(i + call * (which + 1));
    }
    detr4j_cuda_queue_close(queue);
    detr4j_cuda_free(device, x), detr4j_cuda_free(device, y), detr4j_cuda_free_staging(device, host);
  };
  std::thread other(run, 1);
  run(0);
  other.join();
  expect("two queues at once", wrong[0] == 0 && wrong[1] == 0, std::to_string(wrong[0] + wrong[1]) + " wrong");
}

}  // namespace

int main() {
  refusals_of_devices();
  char text[300] = "";
  detr4j_cuda_device* device;
  architecture_is_lowered(90, 16384, 7000);
  architecture_is_lowered(80, 16384, 6948);
  architecture_is_lowered(86, 8192, 4217);
  devices_take_turns();
  expect("a digest of the kernels", strspn(detr4j_cuda_kernels(), "0123456789abcdef") == 16 && strlen(detr4j_cuda_kernels()) == 16, detr4j_cuda_kernels());
  const int32_t opened = detr4j_cuda_open(0, 0, &device, text, sizeof text);
  expect("open", opened == DETR4J_CUDA_OK, text);
  expect("emulated", detr4j_cuda_emulated() == 1 && detr4j_cuda_device_architecture(device) == 90, "yes");
  out_of_memory(device);
  refusal_leaves_the_queue_usable(device);
  queues_overlap(device);
  detr4j_cuda_close(device);
  expect("memory left", emulation::bytes_in_use() == 0, std::to_string(emulation::bytes_in_use()) + " bytes");
  return failures != 0;
}
