#include "scheduler.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <numeric>

#include "copies.h"
#include "fiber.h"
#include "options.h"
#include "race.h"
#include "report.h"

namespace emulation {

EMULATION_TLS Thread* current;
EMULATION_TLS dim3 block_extent, grid_extent;
EMULATION_TLS unsigned char* shared_memory_base;
EMULATION_TLS const char* running_kernel;
Totals totals;

namespace {

constexpr size_t PAGE = 4096;
constexpr uint32_t UNWRITTEN = 0x7fc5a5a5;  // a NaN, and as an index far outside everything

// Lanes of a warp that have come to a collective.
struct Meeting {
  unsigned mask = 0, present = 0;
  const char* site = "";
  Step step = nullptr;
};

// What one operating-system thread needs to run blocks; it lives as long as that thread.
struct Processor {
  std::vector<std::unique_ptr<Fiber>> fibers;
  std::vector<Thread> threads;
  std::vector<unsigned> ready;  // ranks
  size_t next_ready = 0;        // those before have run, where they run in order
  std::vector<unsigned> at_barrier;
  const char* barrier_site = "";
  std::vector<Meeting> meetings;  // one a warp
  unsigned alive = 0;
  Fiber home;
  const std::function<void()>* body = nullptr;
  unsigned char* shared = nullptr;  // pages, then one without access
  size_t shared_room = 0;
  Totals counted{};

  ~Processor() {
    if (shared != nullptr) munmap(shared, shared_room + PAGE);
  }
};
thread_local Processor* processor;  // of the grid that runs on this operating-system thread

Processor& own_processor() {
  static thread_local Processor own;
  return own;
}

// The first threads that have not ended and where they wait.
std::string waiting(const Processor& p) {
  std::string text;
  int shown = 0;
  for (const Thread& t : p.threads) {
    if (t.ended || shown++ >= 4) continue;
    text += (text.empty() ? "thread " : ", thread ") + std::to_string(t.rank) + " at " + t.site;
  }
  return text + (shown > 4 ? ", and " + std::to_string(shown - 4) + " more" : "");
}

// The rank of the next thread to run; false when none can.
bool take_ready(Processor& p, unsigned& rank) {
  if (p.next_ready == p.ready.size()) return false;
  if (options.order == Order::RANDOM) {
    std::swap(p.ready[below(p.ready.size())], p.ready.back());
    rank = p.ready.back();
    p.ready.pop_back();
    return true;
  }
  rank = p.ready[p.next_ready++];
  if (p.next_ready == p.ready.size()) {
    p.ready.clear();
    p.next_ready = 0;
  }
  return true;
}

void run_next(Processor& p, Thread& from) {
  unsigned rank;
  if (!take_ready(p, rank)) stop("the threads of the block wait for each other: %s", waiting(p).c_str());
  if (rank == from.rank) return;
  p.counted.switches++;
  current = &p.threads[rank];
  p.fibers[from.rank]->switch_to(*p.fibers[rank]);
}

void open_barrier(Processor& p) {
  p.counted.barriers++;
  race::block_barrier();
  p.ready.insert(p.ready.end(), p.at_barrier.begin(), p.at_barrier.end());
  p.at_barrier.clear();
}

// The life of a thread. Those that have ended no longer count at barriers, as on the hardware.
void live() {
  Fiber::arrived();
  Processor& p = *processor;
  (*p.body)();
  Thread& me = *current;
  finish_all_copies(me);
  me.ended = true;
  p.alive--;
  if (!p.at_barrier.empty() && p.at_barrier.size() == p.alive) open_barrier(p);
  unsigned rank;
  Fiber& own = *p.fibers[me.rank];
  if (take_ready(p, rank)) {
    p.counted.switches++;
    current = &p.threads[rank];
    own.switch_to(*p.fibers[rank], true);
  } else if (p.alive > 0) {
    stop("ended, but other threads wait for it: %s", waiting(p).c_str());
  } else {
    own.switch_to(p.home, true);
  }
  __builtin_trap();
}

// Shared memory ends where a page without access begins, and holds nothing but NaN.
unsigned char* fresh_shared(Processor& p, size_t bytes) {
  const size_t room = (bytes + PAGE - 1) / PAGE * PAGE;
  if (p.shared_room < room || p.shared == nullptr) {
    if (p.shared != nullptr) munmap(p.shared, p.shared_room + PAGE);
    void* pages = mmap(nullptr, room + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) stop("no memory for %zu bytes of shared memory", bytes);
    p.shared = static_cast<unsigned char*>(pages);
    p.shared_room = room;
    mprotect(p.shared + room, PAGE, PROT_NONE);
  }
  const size_t alignment = bytes % 1024 == 0 ? 1024 : 16;
  unsigned char* base = p.shared + p.shared_room - (bytes + alignment - 1) / alignment * alignment;
  for (size_t i = 0; i + 4 <= bytes; i += 4) memcpy(base + i, &UNWRITTEN, 4);
  return base;
}

void run_block(Processor& p, const LaunchShape& shape, dim3 index) {
  const dim3 b = shape.block;
  const unsigned count = b.x * b.y * b.z;
  while (p.fibers.size() < count) p.fibers.push_back(std::make_unique<Fiber>());
  p.threads.resize(count);
  p.meetings.assign((count + WARP - 1) / WARP, Meeting());
  p.ready.clear();
  p.next_ready = 0;
  p.at_barrier.clear();
  p.alive = count;
  shared_memory_base = fresh_shared(p, shape.shared);
  for (unsigned rank = 0; rank < count; rank++) {
    Thread& t = p.threads[rank];
    t.index = dim3(rank % b.x, rank / b.x % b.y, rank / b.x / b.y);
    t.block = index;
    t.rank = rank;
    t.lane = rank % WARP;
    t.warp = rank / WARP;
    t.site = "its beginning";
    t.ended = false;
    p.fibers[rank]->prepare(live);
    p.ready.push_back(rank);
  }
  race::block_begins(index.x + shape.grid.x * (index.y + shape.grid.y * index.z), shared_memory_base, shape.shared);
  unsigned first = 0;
  take_ready(p, first);
  current = &p.threads[first];
  p.home.switch_to(*p.fibers[first]);
  current = nullptr;
}

}  // namespace

bool stack_overflowed(const void* address) {
  return processor != nullptr && current != nullptr && processor->fibers[current->rank]->overflowed(address);
}

void block_barrier(const char* site) {
  Processor& p = *processor;
  Thread& me = *current;
  me.site = site;
  if (p.at_barrier.empty()) {
    p.barrier_site = site;
  } else if (strcmp(p.barrier_site, site) != 0) {
    stop("is at the barrier of %s, other threads of the block at that of %s", site, p.barrier_site);
  }
  p.at_barrier.push_back(me.rank);
  if (p.at_barrier.size() == p.alive) open_barrier(p);
  run_next(p, me);
}

void collective(unsigned mask, void* brought, Step step, const char* site) {
  Processor& p = *processor;
  Thread& me = *current;
  Meeting& m = p.meetings[me.warp];
  me.site = site;
  me.brought = brought;
  if (!(mask >> me.lane & 1)) stop("lane %u is not in the mask %#x that it gives at %s", me.lane, mask, site);
  if (m.present == 0) {
    m = Meeting{mask, 0, site, step};
  } else if (m.mask != mask || m.step != step || strcmp(m.site, site) != 0) {
    stop("is at the collective of %s with mask %#x, other lanes of the warp at that of %s with mask %#x", site, mask, m.site, m.mask);
  }
  m.present |= 1u << me.lane;
  if (m.present != mask) {
    run_next(p, me);
    return;
  }
  p.counted.collectives++;
  void* all[WARP] = {};
  const unsigned first = me.warp * WARP;
  for (unsigned lane = 0; lane < WARP; lane++) {
    if (!(mask >> lane & 1)) continue;
    all[lane] = p.threads[first + lane].brought;
    if (first + lane != me.rank) p.ready.push_back(first + lane);
  }
  m = Meeting();
  step(all, mask);
}

void warp_barrier(unsigned mask, const char* site) {
  collective(mask, nullptr, [](void* const*, unsigned) { race::warp_barrier(); }, site);
}

size_t most_shared() {
  switch (options.architecture) {
    case 80:
    case 87: return 163 << 10;
    case 90:
    case 100:
    case 103:
    case 110: return MAX_SHARED;
    default: return 99 << 10;
  }
}

const char* refusal(const LaunchShape& s) {
  const uint64_t threads = (uint64_t)s.block.x * s.block.y * s.block.z;
  if (threads == 0 || (uint64_t)s.grid.x * s.grid.y * s.grid.z == 0) return "a grid or block of nothing";
  if (threads > MAX_THREADS || s.block.z > 64) return "more than 1024 threads a block";
  if (s.shared > most_shared()) {
    return most_shared() == MAX_SHARED ? "more than 227 KB of shared memory" : "more shared memory than its architecture has";
  }
  if (s.grid.x > 0x7fffffffu || s.grid.y > 65535 || s.grid.z > 65535) return "a grid wider than the hardware's";
  return nullptr;
}

void run_grid(const LaunchShape& shape, const std::function<void()>& body) {
  Processor& p = own_processor();
  race::launch_begins(shape.kernel);
  processor = &p;
  p.body = &body;
  p.counted = Totals{};
  running_kernel = shape.kernel;
  block_extent = shape.block;
  grid_extent = shape.grid;
  uint64_t salt = 0;
  for (const char* c = shape.kernel; *c != 0; c++) salt = (salt ^ (unsigned char)*c) * 0x100000001b3u;
  reseed(salt);
  std::vector<uint32_t> order((size_t)shape.grid.x * shape.grid.y * shape.grid.z);
  std::iota(order.begin(), order.end(), 0u);
  if (options.order == Order::RANDOM) {
    for (size_t i = order.size(); i > 1; i--) std::swap(order[i - 1], order[below(i)]);
  }
  for (const uint32_t i : order) {
    run_block(p, shape, dim3(i % shape.grid.x, i / shape.grid.x % shape.grid.y, i / shape.grid.x / shape.grid.y));
  }
  processor = nullptr;
  __atomic_fetch_add(&totals.launches, 1, __ATOMIC_RELAXED);
  __atomic_fetch_add(&totals.blocks, order.size(), __ATOMIC_RELAXED);
  __atomic_fetch_add(&totals.switches, p.counted.switches, __ATOMIC_RELAXED);
  __atomic_fetch_add(&totals.collectives, p.counted.collectives, __ATOMIC_RELAXED);
  __atomic_fetch_add(&totals.barriers, p.counted.barriers, __ATOMIC_RELAXED);
  race::launch_ends();
}

}  // namespace emulation
