// streams NAME: host code as the library has it, staging, recording, replay and download, right or with a fault that timing
// hides on a device. ctest looks for what it prints.
#include <cstdio>
#include <cstring>
#include <vector>

#include "../../emulation/options.h"
#include "../../emulation/report.h"
#include "detr4j_cuda.h"

namespace {

constexpr int NUMBERS = 1000, CALLS = 20;

bool is(const char* fault, const char* name) { return strcmp(fault, name) == 0; }

}  // namespace

int main(int count, char** arguments) {
  const char* fault = count > 1 ? arguments[1] : "right";
  emulation::report_faults();
  emulation::options.order = is(fault, "staging_overwritten_in_order") ? emulation::Order::IN_ORDER : emulation::Order::RANDOM;
  char text[300];
  detr4j_cuda_device* device;
  detr4j_cuda_queue* queue;
  detr4j_cuda_program* program;
  void *in, *out, *x, *y;
  const int64_t bytes = NUMBERS * (int64_t)sizeof(float);
  int32_t status = detr4j_cuda_open(0, 0, &device, text, sizeof text) | detr4j_cuda_queue_open(device, &queue, text, sizeof text);
  status |= detr4j_cuda_allocate_staging(device, bytes, &in, text, sizeof text) | detr4j_cuda_allocate_staging(device, bytes, &out, text, sizeof text);
  status |= detr4j_cuda_allocate(device, bytes, &x, text, sizeof text) | detr4j_cuda_allocate(device, bytes, &y, text, sizeof text);
  detr4j_cuda_add p{};
  p.batch = 1, p.rows = 1, p.columns = NUMBERS;
  p.a = p.b = static_cast<float*>(x), p.out = static_cast<float*>(y);
  status |= detr4j_cuda_record(queue) | detr4j_cuda_upload(queue, x, in, bytes) | detr4j_cuda_add_f32(queue, &p);
  status |= detr4j_cuda_download(queue, out, y, bytes) | detr4j_cuda_recorded(queue, &program);
  int wrong = 0;
  float *from = static_cast<float*>(in), *to = static_cast<float*>(out);
  for (int call = 0; call < CALLS; call++) {
    for (int i = 0; i < NUMBERS; i++) from[i] = (float)(i + call);
    status |= detr4j_cuda_replay(queue, program);
    if (!strncmp(fault, "staging_overwritten", 19)) memset(in, 0, (size_t)bytes);  // still to be read
    if (!is(fault, "read_without_waiting")) status |= detr4j_cuda_wait(queue);
    for (int i = 0; i < NUMBERS; i++) wrong += to[i] != 2.0f * (float)(i + call);
    status |= detr4j_cuda_wait(queue);
  }
  if (is(fault, "host_reads_device")) printf("%g\n", (double)*static_cast<float*>(y));
  if (is(fault, "host_writes_device")) *static_cast<float*>(x) = 0;
  if (is(fault, "wait_in_recording")) {
    status |= detr4j_cuda_record(queue);
    printf("wait while recording: status %d, %s\n", detr4j_cuda_wait(queue), detr4j_cuda_queue_error(queue));
    detr4j_cuda_program* none;
    printf("then: status %d\n", detr4j_cuda_recorded(queue, &none));
  }
  printf("%s: status %d, %s\n", fault, status, wrong != 0 ? "wrong numbers" : "right numbers");
  detr4j_cuda_program_close(program);
  detr4j_cuda_queue_close(queue);
  detr4j_cuda_free(device, x), detr4j_cuda_free(device, y);
  detr4j_cuda_free_staging(device, in), detr4j_cuda_free_staging(device, out);
  detr4j_cuda_close(device);
  return 0;
}
