// cp.async: a copy into shared memory lands somewhere between its instruction and the wait that covers it. Here that is at
// once or at the wait, as the seed says; with threads in order always at the wait, and at the end for one without.
#ifndef DETR4J_EMULATION_COPIES_H
#define DETR4J_EMULATION_COPIES_H

#include "scheduler.h"

namespace emulation {

// bytes into shared memory: the first `present` of them from memory, the rest zeros.
void copy_async(void* to, const void* from, unsigned bytes, unsigned present);
void copy_async_commit();
// Until at most `left` of the newest groups of this thread are under way.
void copy_async_wait(unsigned left);
void finish_all_copies(Thread& thread);

}  // namespace emulation

#endif  // DETR4J_EMULATION_COPIES_H
