#include "profile.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "report.h"
#include "scheduler.h"

namespace emulation {
namespace profile {

namespace {

const bool on = getenv("EMULATION_PROFILE") != nullptr;

// One instruction of a warp: its lanes' addresses. The n-th time that a lane comes to an instruction is the n-th request.
struct Request {
  uint32_t lanes = 0;
  uintptr_t address[WARP];
  size_t bytes = 0;
};

struct Place {
  bool in_shared = false, write = false;
  size_t bytes = 0;
  uint64_t requests = 0, cost = 0, least = 0;  // sectors of 32 bytes, or waves
};

std::map<std::tuple<unsigned, uintptr_t, uint32_t>, Request> requests;  // by warp, instruction, occurrence
std::map<std::pair<unsigned, uintptr_t>, uint32_t> occurrences;         // by thread, instruction
std::map<uintptr_t, Place> places;

// Device memory moves in sectors of 32 bytes.
void count_sectors(const Request& r, Place& place) {
  std::set<uintptr_t> sectors, words;
  for (unsigned lane = 0; lane < WARP; lane++) {
    if (!(r.lanes >> lane & 1)) continue;
    for (size_t b = 0; b < r.bytes; b++) {
      sectors.insert((r.address[lane] + b) / 32);
      words.insert((r.address[lane] + b) / 4);
    }
  }
  place.cost += sectors.size();
  place.least += (words.size() + 7) / 8;
}

// Shared memory has 32 banks of 4 bytes. 8-byte accesses go in two phases, 16-byte ones in four; a phase takes as many waves
// as the fullest bank has different words.
void count_waves(const Request& r, Place& place) {
  const unsigned phases = r.bytes >= 16 ? 4 : r.bytes >= 8 ? 2 : 1, lanes = WARP / phases;
  for (unsigned phase = 0; phase < phases; phase++) {
    std::set<uintptr_t> words;
    for (unsigned lane = phase * lanes; lane < (phase + 1) * lanes; lane++) {
      if (!(r.lanes >> lane & 1)) continue;
      for (size_t b = 0; b < r.bytes; b += 4) words.insert((r.address[lane] + b) / 4);
    }
    unsigned in_bank[32] = {};
    for (const uintptr_t word : words) in_bank[word % 32]++;
    place.cost += *std::max_element(in_bank, in_bank + 32);
    place.least += words.empty() ? 0 : 1;
  }
}

}  // namespace

void touched(uintptr_t address, size_t bytes, bool in_shared, bool write, uintptr_t pc) {
  if (!on) return;
  const Thread& t = *current;
  Request& r = requests[{t.warp, pc, occurrences[{t.rank, pc}]++}];
  r.lanes |= 1u << t.lane;
  r.address[t.lane] = address;
  r.bytes = bytes;
  Place& place = places[pc];
  place.in_shared = in_shared;
  place.write = write;
  place.bytes = bytes;
}

void block_ends() {
  if (!on) return;
  for (const auto& entry : requests) {
    Place& place = places[std::get<1>(entry.first)];
    place.requests++;
    (place.in_shared ? count_waves : count_sectors)(entry.second, place);
  }
  requests.clear();
  occurrences.clear();
}

void print(const char* kernel) {
  if (!on) return;
  block_ends();
  std::vector<std::pair<uintptr_t, Place>> all(places.begin(), places.end());
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.second.cost > b.second.cost; });
  printf("profile of %s\n", kernel);
  for (const auto& entry : all) {
    const Place& p = entry.second;
    printf("  %-28s %s %-5s of %2zu bytes: %8llu requests, %6.2f %s each, %.2f at best\n", line_of(entry.first - 1).c_str(),
           p.in_shared ? "shared" : "device", p.write ? "write" : "read", p.bytes, (unsigned long long)p.requests,
           (double)p.cost / (double)p.requests, p.in_shared ? "waves" : "sectors", (double)p.least / (double)p.requests);
  }
  places.clear();
}

}  // namespace profile
}  // namespace emulation
