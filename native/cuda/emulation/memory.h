// Device memory: every buffer between pages without access, and out of the host's reach.
//
// The host may touch a buffer only inside a DeviceAccess, which the work of a stream holds while it runs; where there are many
// buffers, this holds after one run in eight. Fresh memory holds
// a pattern that is a NaN; the slack between a buffer and its guard page holds another, which release checks.
#ifndef DETR4J_EMULATION_MEMORY_H
#define DETR4J_EMULATION_MEMORY_H

#include <cstddef>
#include <string>

namespace emulation {

// Null when options.device_bytes does not suffice.
void* allocate(size_t bytes);
// False when no buffer begins there.
bool release(void* memory);
size_t bytes_in_use();
// The buffer that an address lies in or beside, in words.
std::string describe_address(const void* address);

class DeviceAccess {
 public:
  DeviceAccess();
  ~DeviceAccess();
  DeviceAccess(const DeviceAccess&) = delete;
};

}  // namespace emulation

#endif  // DETR4J_EMULATION_MEMORY_H
