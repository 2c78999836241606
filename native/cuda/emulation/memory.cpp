#include "memory.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>

#include "options.h"
#include "race.h"
#include "report.h"

namespace emulation {

namespace {

constexpr size_t PAGE = 4096;
constexpr int SLACK = 0xa5;
constexpr uint32_t FRESH = 0x7fc0dead;

struct Buffer {
  unsigned char* pages;  // between the guards
  size_t room;           // bytes of pages
  unsigned char* data;
  size_t bytes;
};

// Never destroyed: a JVM may still free memory while it ends.
std::map<uintptr_t, Buffer>& buffers() {  // by the first byte of their pages
  static auto* all = new std::map<uintptr_t, Buffer>;
  return *all;
}
std::mutex& lock() {
  static auto* one = new std::mutex;
  return *one;
}
size_t in_use;
int accesses;       // how many DeviceAccess there are
bool open = false;  // whether buffers can be accessed now

// With more buffers than this, the call for each would be most of the time: then one chance in eight closes them.
constexpr size_t ALWAYS_CLOSED = 64;

int protection() { return open ? PROT_READ | PROT_WRITE : PROT_NONE; }
void set_open(bool now) {
  if (open == now) return;
  open = now;
  for (auto& entry : buffers()) mprotect(entry.second.pages, entry.second.room, protection());
}

size_t offset_of(size_t bytes, size_t room) {
  switch (options.placement) {
    case Placement::AT_BEGIN: return 0;
    case Placement::AT_END: return (room - bytes) & ~size_t(bytes % 4 == 0 ? 3 : 0);
    default: return (room - bytes) & ~size_t(15);
  }
}

}  // namespace

void* allocate(size_t bytes) {
  const std::lock_guard<std::mutex> guard(lock());
  if (bytes > options.device_bytes || in_use + bytes > options.device_bytes) return nullptr;
  const size_t room = (bytes + PAGE - 1) / PAGE * PAGE + (bytes == 0 ? PAGE : 0);
  void* mapping = mmap(nullptr, room + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) return nullptr;
  Buffer b{static_cast<unsigned char*>(mapping) + PAGE, room, nullptr, bytes};
  b.data = b.pages + offset_of(bytes, room);
  mprotect(b.pages, room, PROT_READ | PROT_WRITE);
  memset(b.pages, SLACK, (size_t)(b.data - b.pages));
  memset(b.data + bytes, SLACK, (size_t)(b.pages + room - b.data - bytes));
  for (size_t i = 0; i < bytes / 4; i++) memcpy(b.data + 4 * i, &FRESH, 4);
  memset(b.data + bytes / 4 * 4, SLACK, bytes % 4);
  mprotect(b.pages, room, protection());
  buffers()[(uintptr_t)b.pages] = b;
  in_use += bytes;
  race::allocated(b.data, bytes);
  return b.data;
}

bool release(void* memory) {
  const std::lock_guard<std::mutex> guard(lock());
  auto i = buffers().upper_bound((uintptr_t)memory);
  if (i == buffers().begin() || (--i)->second.data != memory) return false;
  const Buffer b = i->second;
  mprotect(b.pages, b.room, PROT_READ);
  for (size_t at = 0; at < b.room; at++) {
    const bool inside = at - (size_t)(b.data - b.pages) < b.bytes;
    if (!inside && b.pages[at] != SLACK) {
      stop("byte %td of a buffer of %zu bytes was written", b.pages + at - b.data, b.bytes);
    }
  }
  race::released(b.data);
  munmap(b.pages - PAGE, b.room + 2 * PAGE);
  in_use -= b.bytes;
  buffers().erase(i);
  return true;
}

size_t bytes_in_use() {
  const std::lock_guard<std::mutex> guard(lock());
  return in_use;
}

std::string describe_address(const void* address) {
  char text[200];
  for (auto& entry : buffers()) {  // without the lock: the process is about to end
    const Buffer& b = entry.second;
    if ((uintptr_t)address - (uintptr_t)(b.pages - PAGE) < b.room + 2 * PAGE) {
      const ptrdiff_t at = (ptrdiff_t)((uintptr_t)address - (uintptr_t)b.data);
      snprintf(text, sizeof text, "byte %td of a buffer of %zu bytes in device memory", at, b.bytes);
      return text;
    }
  }
  snprintf(text, sizeof text, "%p, which is in no buffer of device memory", address);
  return text;
}

DeviceAccess::DeviceAccess() {
  const std::lock_guard<std::mutex> guard(lock());
  accesses++;
  set_open(true);
}

DeviceAccess::~DeviceAccess() {
  const std::lock_guard<std::mutex> guard(lock());
  if (--accesses == 0 && (buffers().size() <= ALWAYS_CLOSED || below(8) == 0)) set_open(false);
}

}  // namespace emulation
