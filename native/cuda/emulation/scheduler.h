// The threads of a block, one running at a time.
//
// A thread gives way at barriers, at collectives of its warp and at its end, nowhere else. Which thread is next is drawn from
// the seed, so that orders come up which the hardware may take and the author did not think of. Blocks run one after another.
#ifndef DETR4J_EMULATION_SCHEDULER_H
#define DETR4J_EMULATION_SCHEDULER_H

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

namespace emulation {

constexpr unsigned WARP = 32, ALL_OF_WARP = 0xffffffffu;
constexpr size_t MAX_SHARED = 227 << 10;
constexpr unsigned MAX_THREADS = 1024;

struct PendingCopy {
  void* to;
  const void* from;
  unsigned bytes, present;  // the rest is zeros
};

// What a running thread is.
struct Thread {
  dim3 index, block;
  unsigned rank = 0, lane = 0, warp = 0;
  const char* site = "";        // where it waits
  void* brought = nullptr;      // to a collective
  bool ended = false;
  std::vector<PendingCopy> open;                 // not committed yet
  std::vector<std::vector<PendingCopy>> groups;  // committed, oldest first
};

#define EMULATION_TLS __thread __attribute__((tls_model("initial-exec")))
extern EMULATION_TLS Thread* current;
extern EMULATION_TLS dim3 block_extent, grid_extent;
extern EMULATION_TLS unsigned char* shared_memory_base;

void block_barrier(const char* site);
void warp_barrier(unsigned mask, const char* site);

// All lanes of the mask come; the last to come runs step for all of them, then everyone goes on. `brought` is what a lane brings.
using Step = void (*)(void* const brought[WARP], unsigned mask);
void collective(unsigned mask, void* brought, Step step, const char* site);

struct LaunchShape {
  const char* kernel;
  dim3 grid, block;
  size_t shared;
};

// Bytes of shared memory that a block may use at most, on a device of the architecture that the options name.
size_t most_shared();

// Why the hardware would not take it, or null.
const char* refusal(const LaunchShape& shape);
// Runs every block to its end.
void run_grid(const LaunchShape& shape, const std::function<void()>& body);

struct Totals {
  uint64_t launches, blocks, switches, collectives, barriers;
};
extern Totals totals;

}  // namespace emulation

#endif  // DETR4J_EMULATION_SCHEDULER_H
