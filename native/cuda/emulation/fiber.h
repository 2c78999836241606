// A thread of a block: a stack of its own, run on the operating-system thread that switches to it.
//
// The switch is written by hand for x86-64 and AArch64 (about 20 ns); elsewhere, or with EMULATION_UCONTEXT, it is
// swapcontext, which asks the kernel for the signal mask twice (about 190 ns).
#ifndef DETR4J_EMULATION_FIBER_H
#define DETR4J_EMULATION_FIBER_H

#include <cstddef>
#if !defined(__x86_64__) && !defined(__aarch64__) && !defined(EMULATION_UCONTEXT)
#define EMULATION_UCONTEXT 1
#endif
#if defined(EMULATION_UCONTEXT)
#include <ucontext.h>
#endif

namespace emulation {

class Fiber {
 public:
  Fiber() = default;
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;
  ~Fiber();

  // The next switch to this fiber calls entry on an empty stack. entry never returns: it switches away for good.
  void prepare(void (*entry)());
  // Begins or resumes `to`, and returns when something switches back. last: nothing will.
  void switch_to(Fiber& to, bool last = false);
  // What entry calls first: the sanitizer has to know that the stack is another one.
  static void arrived();
  // Whether the address lies in the page below the stack.
  bool overflowed(const void* address) const;

 private:
#if defined(EMULATION_UCONTEXT)
  ucontext_t context;
#else
  void* stack_pointer = nullptr;
#endif
  unsigned char* mapping = nullptr;  // a page without access, then the stack; none for the thread's own stack
  const void* bottom = nullptr;      // of the stack, for the sanitizer
  size_t size = 0;
  void* fake_stack = nullptr;
};

}  // namespace emulation

#endif  // DETR4J_EMULATION_FIBER_H
