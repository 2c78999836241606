#include "options.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace emulation {

namespace {

Options from_environment() {
  Options o;
  if (const char* seed = getenv("DETR4J_EMULATION_SEED")) o.seed = strtoull(seed, nullptr, 10);
  if (const char* order = getenv("DETR4J_EMULATION_ORDER")) {
    if (strcmp(order, "in-order") == 0) {
      o.order = Order::IN_ORDER;
    } else if (strcmp(order, "random") != 0) {
      fprintf(stderr, "emulation: DETR4J_EMULATION_ORDER is %s; expected random or in-order\n", order);
      abort();
    }
  }
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
