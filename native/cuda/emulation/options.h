// What a test may choose about the emulated device.
#ifndef DETR4J_EMULATION_OPTIONS_H
#define DETR4J_EMULATION_OPTIONS_H

#include <cstddef>
#include <cstdint>

namespace emulation {

// Which of the threads that can run is next, which block, and when copies and streams do their work.
enum class Order {
  RANDOM,    // drawn from the seed
  IN_ORDER,  // threads and blocks by number; copies and streams as late as the hardware may be
};

// Where a buffer lies between its guard pages. A kernel that assumes more than its contract says fails in one of them.
enum class Placement {
  ALIGNED,   // begins on 16 bytes, and ends as near the guard page as that allows
  AT_END,    // ends at the guard page to the byte; begins on no more than 4 bytes, if its size is odd
  AT_BEGIN,  // begins right behind the guard page
};

// What the runtime says when a program looks for a device. OLD_DEVICE has compute capability 7.5; of NO_KERNELS, the library
// has neither machine code nor PTX.
enum class DeviceState { PRESENT, NO_DRIVER, OLD_DRIVER, NO_DEVICE, OLD_DEVICE, NO_KERNELS };

struct Options {
  uint64_t seed = 1;                           // DETR4J_EMULATION_SEED
  Order order = Order::RANDOM;                 // DETR4J_EMULATION_ORDER: random, in-order
  Placement placement = Placement::ALIGNED;
  DeviceState device = DeviceState::PRESENT;   // DETR4J_EMULATION_DEVICE: present, no-driver, old-driver, no-device, old-device, no-kernels
  int devices = 1;                             // DETR4J_EMULATION_DEVICES; they share their memory
  int architecture = 90;                       // DETR4J_EMULATION_ARCHITECTURE: compute capability, 80 for 8.0
  size_t device_bytes = size_t(8) << 30;       // DETR4J_EMULATION_MEMORY; more than this is out of memory
  bool poses = false;                          // DETR4J_EMULATION_POSES=1: the library says that it does not emulate, for tests of its loader
};

// Read from the environment before main.
extern Options options;

// The next of the random numbers of this operating-system thread.
uint64_t draw();
inline bool coin() { return draw() >> 40 & 1; }
inline size_t below(size_t bound) { return (size_t)(((draw() >> 32) * (uint64_t)bound) >> 32); }
// Begins a new sequence, which depends on the seed of the options, on `salt` and on how many this thread has begun.
void reseed(uint64_t salt);

}  // namespace emulation

#endif  // DETR4J_EMULATION_OPTIONS_H
