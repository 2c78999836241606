#include "options.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

namespace emulation {

namespace {

[[noreturn]] void refuse(const char* variable, const char* value, const char* expected) {
  fprintf(stderr, "emulation: %s is %s; expected %s\n", variable, value, expected);
  abort();
}

// The place among `names` of what the variable holds, or `otherwise`.
int choice(const char* variable, std::initializer_list<const char*> names, const char* expected, int otherwise) {
  const char* value = getenv(variable);
  if (value == nullptr) return otherwise;
  int place = 0;
  for (const char* name : names) {
    if (strcmp(value, name) == 0) return place;
    place++;
  }
  refuse(variable, value, expected);
}

uint64_t number(const char* variable, uint64_t otherwise) {
  const char* value = getenv(variable);
  if (value == nullptr) return otherwise;
  char* end;
  const uint64_t number = strtoull(value, &end, 10);
  if (end == value || *end != 0) refuse(variable, value, "a whole number");
  return number;
}

Options from_environment() {
  Options o;
  o.seed = number("DETR4J_EMULATION_SEED", o.seed);
  o.order = (Order)choice("DETR4J_EMULATION_ORDER", {"random", "in-order"}, "random or in-order", (int)o.order);
  o.device = (DeviceState)choice("DETR4J_EMULATION_DEVICE", {"present", "no-driver", "old-driver", "no-device", "old-device", "no-kernels"},
                                 "present, no-driver, old-driver, no-device, old-device or no-kernels", (int)o.device);
  o.devices = (int)number("DETR4J_EMULATION_DEVICES", (uint64_t)o.devices);
  o.architecture = (int)number("DETR4J_EMULATION_ARCHITECTURE", (uint64_t)o.architecture);
  o.device_bytes = number("DETR4J_EMULATION_MEMORY", o.device_bytes);
  o.poses = number("DETR4J_EMULATION_POSES", 0) == 1;
  return o;
}

thread_local uint64_t state = 0, begun = 0;

uint64_t mixed(uint64_t z) {  // the finaliser of splitmix64
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

}  // namespace

Options options = from_environment();

uint64_t draw() { return mixed(state += 0x9e3779b97f4a7c15u); }

void reseed(uint64_t salt) { state = mixed(options.seed ^ mixed(salt + ++begun * 0x9e3779b97f4a7c15u)); }

}  // namespace emulation
