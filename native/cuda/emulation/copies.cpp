#include "copies.h"

#include <cstring>

#include "options.h"
#include "race.h"
#include "report.h"

namespace emulation {

namespace {

void land(const PendingCopy& c) {
  memcpy(c.to, c.from, c.present);
  memset(static_cast<char*>(c.to) + c.present, 0, c.bytes - c.present);
}

void finish(std::vector<PendingCopy>& group) {
  for (const PendingCopy& c : group) {
    race::copy_ends(c.to, c.bytes);
    if (c.from != nullptr) land(c);
  }
  group.clear();
}

}  // namespace

void copy_async(void* to, const void* from, unsigned bytes, unsigned present) {
  if (bytes != 4 && bytes != 8 && bytes != 16) stop("an asynchronous copy of %u bytes; there are 4, 8 and 16", bytes);
  if (present > bytes) stop("an asynchronous copy of %u bytes of which %u are present", bytes, present);
  if (((uintptr_t)to | (uintptr_t)from) % bytes != 0) stop("an asynchronous copy of %u bytes that is not aligned", bytes);
  race::copy_begins(to, bytes, from, present, (uintptr_t)__builtin_return_address(0));
  PendingCopy c{to, from, bytes, present};
  if (options.order == Order::RANDOM && coin()) {
    land(c);
    c.from = nullptr;  // only its end is left to come
  }
  current->open.push_back(c);
}

void copy_async_commit() {
  current->groups.push_back(std::move(current->open));
  current->open.clear();
}

void copy_async_wait(unsigned left) {
  auto& groups = current->groups;
  if (groups.size() <= left) return;
  const auto end = groups.end() - left;
  for (auto group = groups.begin(); group != end; ++group) finish(*group);
  groups.erase(groups.begin(), end);
}

void finish_all_copies(Thread& thread) {
  for (auto& group : thread.groups) finish(group);
  thread.groups.clear();
  finish(thread.open);
}

}  // namespace emulation
