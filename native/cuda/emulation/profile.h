// What a warp's accesses cost, counted by line in the race build where EMULATION_PROFILE is set: sectors of device memory and
// waves of shared memory a request, beside the least that these bytes could take.
#ifndef DETR4J_EMULATION_PROFILE_H
#define DETR4J_EMULATION_PROFILE_H

#include <cstddef>
#include <cstdint>

namespace emulation {
namespace profile {

void touched(uintptr_t address, size_t bytes, bool in_shared, bool write, uintptr_t pc);
void block_ends();
// Prints the lines of a launch, dearest first, and forgets them.
void print(const char* kernel);

}  // namespace profile
}  // namespace emulation

#endif  // DETR4J_EMULATION_PROFILE_H
