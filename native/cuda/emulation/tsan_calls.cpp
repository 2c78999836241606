// What gcc's -fsanitize=thread calls before each access of memory; no part of libtsan.
#include "race.h"

#define PC ((uintptr_t)__builtin_return_address(0))

extern "C" {
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}

#define DETR4J_ACCESSES(bytes)                                                                               \
  void __tsan_read##bytes(void* p) { emulation::race::touched(p, bytes, false, PC); }                        \
  void __tsan_write##bytes(void* p) { emulation::race::touched(p, bytes, true, PC); }                        \
  void __tsan_unaligned_read##bytes(void* p) { emulation::race::touched(p, bytes, false, PC); }              \
  void __tsan_unaligned_write##bytes(void* p) { emulation::race::touched(p, bytes, true, PC); }              \
  void __tsan_volatile_read##bytes(void* p) { emulation::race::touched(p, bytes, false, PC); }               \
  void __tsan_volatile_write##bytes(void* p) { emulation::race::touched(p, bytes, true, PC); }
DETR4J_ACCESSES(1)
DETR4J_ACCESSES(2)
DETR4J_ACCESSES(4)
DETR4J_ACCESSES(8)
DETR4J_ACCESSES(16)

void __tsan_read_range(void* p, size_t bytes) { emulation::race::touched(p, bytes, false, PC); }
void __tsan_write_range(void* p, size_t bytes) { emulation::race::touched(p, bytes, true, PC); }

// Atomic operations are ordered among themselves, and never a race.
unsigned __tsan_atomic32_fetch_add(unsigned* p, unsigned v, int) { return __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST); }
unsigned __tsan_atomic32_load(const unsigned* p, int) { return __atomic_load_n(p, __ATOMIC_SEQ_CST); }
void __tsan_atomic32_store(unsigned* p, unsigned v, int) { __atomic_store_n(p, v, __ATOMIC_SEQ_CST); }
unsigned char __tsan_atomic8_load(const unsigned char* p, int) { return __atomic_load_n(p, __ATOMIC_SEQ_CST); }
}
