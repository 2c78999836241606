// kernel_tests [test=NAME] [seed=N] [seeds=N] [order=random|in-order] [cases=N]: every kernel against plain loops.
//
//   test    one test; a name that does not exist is an error that lists those that do
//   seed    of the cases and of the emulation (default: the time, printed)
//   seeds   how many seeds, from that one on
//   order   of threads and copies on the emulation
//   cases   at most so many of each test, spread over all of them
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "harness.h"
#if defined(DETR4J_EMULATED)
#include "../emulation/options.h"
#include "../emulation/race.h"
#include "../emulation/report.h"
#endif

#define DETR4J_TESTS(one)                                                                                                    \
  one(add, 50) one(attention, 46) one(average_pool, 46) one(box_head, 50) one(box_refinement, 40) one(cell_attention, 46) one(clamp, 46)       \
  one(conv2d, 62) one(depthwise_conv2d, 46) one(distance_boxes, 46) one(gate, 46) one(gather, 40)                            \
  one(global_response_norm, 46) one(group_norm, 46) one(layer_norm, 53) one(linear_norm, 46) one(max_pool, 46) one(ms_deform_attention, 50)       \
  one(multiply, 46) one(nms, 60) one(proposal_embedding, 40) one(resize, 60) one(row_max, 46) one(select_best_classes, 46) one(select_ranked, 50) one(sine_position, 40)         \
  one(soft_nms, 60) one(tensor_conv2d_bf16, 72) one(tensor_conv2d_tf32, 72) one(tensor_linear_norm, 46) one(top_k, 50) one(top_probabilities, 46)        \
  one(upsample, 46)

#define DETR4J_DECLARE(name, cases) void test_##name(int index);
DETR4J_TESTS(DETR4J_DECLARE)
#define DETR4J_LIST(name, cases) {#name, cases, test_##name},
static const KernelTest TESTS[] = {DETR4J_TESTS(DETR4J_LIST)};

void begin_case(const char* test, int index, uint64_t seed, const char* where);
void open_device();
void close_device();
std::string current_case();
uint64_t take_bits();  // of the results since the last call

namespace {

// The value of name=value among the arguments, or null.
const char* argument(int count, char** arguments, const char* name) {
  for (int i = 1; i < count; i++) {
    const size_t length = strlen(name);
    if (strncmp(arguments[i], name, length) == 0 && arguments[i][length] == '=') return arguments[i] + length + 1;
  }
  return nullptr;
}

#if defined(DETR4J_EMULATED)
void say_case() { fprintf(stderr, "  in %s\n", current_case().c_str()); }

uint64_t run_case(const KernelTest& test, int index, uint64_t seed) {
  static const struct {
    emulation::Placement placement;
    const char* where;
  } ALL[] = {{emulation::Placement::AT_END, ", buffers ending at a guard page"},  // first, because it finds the line
             {emulation::Placement::ALIGNED, ", buffers on 16 bytes"},
             {emulation::Placement::AT_BEGIN, ", buffers beginning at a guard page"}};
  uint64_t bits = 0;
  for (const auto& one : ALL) {
    emulation::options.placement = one.placement;
    begin_case(test.name, index, seed, one.where);
    take_bits();
    test.body(index);
    const uint64_t now = take_bits();
    if (&one != ALL && now != bits) fail("other bits than with buffers elsewhere");
    bits = now;
  }
  return bits;
}
#else
uint64_t run_case(const KernelTest& test, int index, uint64_t seed) {
  begin_case(test.name, index, seed, "");
  take_bits();
  test.body(index);
  return take_bits();
}
#endif

}  // namespace

int main(int count, char** arguments) {
  const char* only = argument(count, arguments, "test");
  if (only != nullptr && std::none_of(std::begin(TESTS), std::end(TESTS), [&](const KernelTest& t) { return strcmp(t.name, only) == 0; })) {
    fprintf(stderr, "test %s does not exist; expected", only);
    for (const KernelTest& t : TESTS) fprintf(stderr, " %s", t.name);
    fprintf(stderr, "\n");
    return 2;
  }
  const char *seed_text = argument(count, arguments, "seed"), *seeds_text = argument(count, arguments, "seeds");
  const char *cases_text = argument(count, arguments, "cases"), *order = argument(count, arguments, "order");
  const uint64_t first = seed_text != nullptr ? strtoull(seed_text, nullptr, 10) : (uint64_t)time(nullptr);
  const uint64_t seeds = seeds_text != nullptr ? strtoull(seeds_text, nullptr, 10) : 1;
  const int most = cases_text != nullptr ? atoi(cases_text) : 1 << 20;
  printf("seed %llu\n", (unsigned long long)first);
#if defined(DETR4J_EMULATED)
  if (order != nullptr) emulation::options.order = strcmp(order, "in-order") == 0 ? emulation::Order::IN_ORDER : emulation::Order::RANDOM;
  emulation::report_faults(say_case);
#else
  (void)order;
#endif
  open_device();
  for (uint64_t seed = first; seed < first + seeds; seed++) {
    detr4j_cuda_emulation_seed(seed);
    for (const KernelTest& test : TESTS) {
      if (only != nullptr && strcmp(test.name, only) != 0) continue;
      const int cases = std::min(most, test.cases);
      uint64_t bits = 0;
      for (int i = 0; i < cases; i++) bits = bits * 0x100000001b3u ^ run_case(test, i * test.cases / cases, seed);
      if (seeds == 1) printf("ok %s, %d cases, bits %016llx\n", test.name, cases, (unsigned long long)bits);
      fflush(stdout);
    }
  }
  close_device();
#if defined(DETR4J_EMULATED)
  if (emulation::race::found() > 0) {
    fprintf(stderr, "FAILED: %d races\n", emulation::race::found());
    return 1;
  }
#endif
  return 0;
}
