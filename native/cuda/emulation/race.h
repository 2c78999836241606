// The race detector, in the build with EMULATION_RACE; in the others these do nothing.
//
// gcc's -fsanitize=thread puts a call before every access of a kernel file; tsan_calls.cpp receives them, libtsan is not
// linked. Two accesses of one place by two threads, one of them a write, are ordered
//
//   by the launch                  accesses of different launches of a stream
//   by __syncthreads between them  within a block
//   by __syncwarp between them     within a warp
//
// and by nothing else: shuffles and warp tiles order no memory, and blocks of a launch are never ordered. A read of shared
// memory that its block has not written, and any access of a place that a copy is under way to, are reported too.
#ifndef DETR4J_EMULATION_RACE_H
#define DETR4J_EMULATION_RACE_H

#include <cstddef>
#include <cstdint>

namespace emulation {
namespace race {

#if defined(EMULATION_RACE)
constexpr bool ON = true;
void launch_begins(const char* kernel);  // one launch at a time
void launch_ends();
void block_begins(unsigned block, void* shared, size_t bytes);
void block_barrier();
void warp_barrier();
void copy_begins(void* to, unsigned bytes, const void* from, unsigned present, uintptr_t pc);
void copy_ends(void* to, unsigned bytes);
void allocated(void* memory, size_t bytes);
void released(void* memory);
void touched(const void* memory, size_t bytes, bool write, uintptr_t pc);
// How many different ones have been reported.
int found();
#else
constexpr bool ON = false;
inline void launch_begins(const char*) {}
inline void launch_ends() {}
inline void block_begins(unsigned, void*, size_t) {}
inline void block_barrier() {}
inline void warp_barrier() {}
inline void copy_begins(void*, unsigned, const void*, unsigned, uintptr_t) {}
inline void copy_ends(void*, unsigned) {}
inline void allocated(void*, size_t) {}
inline void released(void*) {}
inline int found() { return 0; }
#endif

}  // namespace race
}  // namespace emulation

#endif  // DETR4J_EMULATION_RACE_H
