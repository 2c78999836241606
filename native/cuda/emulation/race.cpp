#include "race.h"

#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "profile.h"
#include "report.h"
#include "scheduler.h"

namespace emulation {
namespace race {

namespace {

// Who touched a place last, and when by the clocks of launch, block and warp.
struct Access {
  uint32_t era = 0;  // of device memory the launch, of shared memory the block's run
  uint32_t block = 0, epoch = 0, warp_epoch = 0, thread = 0;
  uintptr_t pc = 0;
};

struct Cell {
  Access write, read[2];  // the last read, and the last one that is not ordered before it
  bool pending = false;   // a copy is under way
};

// What is known of a piece of memory: a cell for each 4 bytes, and for each byte from the first smaller access on.
struct Shadow {
  size_t bytes = 0;
  unsigned grain = 4;
  std::vector<Cell> cells;

  void reset(size_t size) {
    bytes = size;
    cells.resize((size + grain - 1) / grain);
  }
  void refine() {
    std::vector<Cell> fine(bytes);
    for (size_t i = 0; i < bytes; i++) fine[i] = cells[i / 4];
    cells.swap(fine);
    grain = 1;
  }
};

const char* kernel = "";
uint32_t era = 1, shared_era = 1, block, epoch;
uint32_t warp_epochs[MAX_THREADS / WARP];
uintptr_t shared_begin;
Shadow shared;
std::map<uintptr_t, std::unique_ptr<Shadow>> device;  // by first byte
uintptr_t last_begin = 1;                             // the buffer of the last look, which mostly serves again
Shadow* last_shadow;
std::set<std::tuple<const char*, uintptr_t, uintptr_t>> reported;
std::mutex& launch_lock() {
  static auto* one = new std::mutex;
  return *one;
}

bool ordered(const Access& before, const Access& now) {
  if (before.era != now.era || before.thread == now.thread) return before.era != now.era || before.block == now.block;
  if (before.block != now.block) return false;
  return before.epoch < now.epoch || (before.thread / WARP == now.thread / WARP && before.warp_epoch < now.warp_epoch);
}

Access here(bool in_shared, uintptr_t pc) {
  const Thread& t = *current;
  return Access{in_shared ? shared_era : era, in_shared ? 0 : block, epoch, warp_epochs[t.warp], t.rank, pc};
}

void report(const char* what, const Access& before, const Access& now, bool in_shared) {
  if (reported.size() > 20 || !reported.insert({what, before.pc, now.pc}).second) return;
  fprintf(stderr, "emulation: %s: %s in %s memory: thread %u of block %u at %s", kernel, what, in_shared ? "shared" : "device",
          now.thread, block, line_of(now.pc - 1).c_str());
  if (before.pc != 0) {
    fprintf(stderr, ", thread %u of block %u at %s", before.thread, in_shared ? block : before.block, line_of(before.pc - 1).c_str());
  }
  fprintf(stderr, "\n");
}

// The shadow of an address and the offset in it; null where nobody keeps one.
Shadow* shadow_of(uintptr_t address, bool& in_shared, size_t& offset) {
  in_shared = address - shared_begin < shared.bytes;
  if (in_shared) {
    offset = address - shared_begin;
    return &shared;
  }
  if (last_shadow == nullptr || address - last_begin >= last_shadow->bytes) {
    auto i = device.upper_bound(address);
    if (i == device.begin() || address - (--i)->first >= i->second->bytes) return nullptr;
    last_begin = i->first;
    last_shadow = i->second.get();
  }
  offset = address - last_begin;
  return last_shadow;
}

void look(Cell& cell, const Access& now, bool write, bool in_shared) {
  if (cell.pending && cell.write.era == now.era) {
    report(write ? "write to a place that a copy is under way to" : "read of a place that a copy is under way to", cell.write, now, in_shared);
  }
  if (in_shared && !write && cell.write.era != now.era) report("read of a place that no thread wrote", Access(), now, true);
  if (!ordered(cell.write, now)) report(write ? "two writes" : "a write and a read", cell.write, now, in_shared);
  if (write) {
    for (const Access& r : cell.read) {
      if (!ordered(r, now)) report("a read and a write", r, now, in_shared);
    }
    cell.write = now;
    cell.pending = false;
  } else {
    (cell.read[0].thread == now.thread || ordered(cell.read[0], now) ? cell.read[0] : cell.read[1]) = now;
  }
}

}  // namespace

void touched(const void* memory, size_t bytes, bool write, uintptr_t pc) {
  if (current == nullptr || bytes == 0) return;
  bool in_shared;
  size_t offset;
  Shadow* s = shadow_of((uintptr_t)memory, in_shared, offset);
  if (s == nullptr) return;
  profile::touched((uintptr_t)memory, bytes, in_shared, write, pc);
  if (s->grain == 4 && (offset % 4 != 0 || bytes % 4 != 0)) s->refine();
  const Access now = here(in_shared, pc);
  const size_t end = (offset + bytes + s->grain - 1) / s->grain;
  for (size_t i = offset / s->grain; i < end && i < s->cells.size(); i++) look(s->cells[i], now, write, in_shared);
}

void copy_begins(void* to, unsigned bytes, const void* from, unsigned present, uintptr_t pc) {
  touched(from, present, false, pc);
  touched(to, bytes, true, pc);
  bool in_shared;
  size_t offset;
  Shadow* s = shadow_of((uintptr_t)to, in_shared, offset);
  if (s == nullptr) return;
  for (size_t i = offset / s->grain; i < (offset + bytes) / s->grain; i++) s->cells[i].pending = true;
}

// The copy counts as written here, by the thread that waited.
void copy_ends(void* to, unsigned bytes) {
  bool in_shared;
  size_t offset;
  Shadow* s = shadow_of((uintptr_t)to, in_shared, offset);
  if (s == nullptr) return;
  for (size_t i = offset / s->grain; i < (offset + bytes) / s->grain; i++) {
    Cell& cell = s->cells[i];
    if (!cell.pending || cell.write.thread != current->rank) continue;
    cell.pending = false;
    cell.write = here(in_shared, cell.write.pc);
  }
}

void launch_begins(const char* name) {
  launch_lock().lock();
  era++;
  kernel = name;
}

void launch_ends() {
  profile::print(kernel);
  launch_lock().unlock();
}

void block_begins(unsigned index, void* memory, size_t bytes) {
  profile::block_ends();
  block = index;
  epoch = 1;
  shared_era++;
  for (uint32_t& e : warp_epochs) e = 1;
  shared_begin = (uintptr_t)memory;
  shared.reset(bytes);
}

void block_barrier() { epoch++; }
void warp_barrier() { warp_epochs[current->warp]++; }

// A cell is 104 bytes: a buffer costs 26 times its size here.
void allocated(void* memory, size_t bytes) {
  const std::lock_guard<std::mutex> guard(launch_lock());
  auto s = std::make_unique<Shadow>();
  s->reset(bytes);
  device[(uintptr_t)memory] = std::move(s);
}

void released(void* memory) {
  const std::lock_guard<std::mutex> guard(launch_lock());
  device.erase((uintptr_t)memory);
  last_shadow = nullptr;
}

int found() { return (int)reported.size(); }

}  // namespace race
}  // namespace emulation
