#include "fiber.h"

#include <sys/mman.h>

#include <cstdint>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace emulation {

namespace {

constexpr size_t PAGE = 4096;
#if defined(__SANITIZE_ADDRESS__)
constexpr size_t STACK = 256 << 10;  // the sanitizer's frames are wider
#else
constexpr size_t STACK = 64 << 10;
#endif

thread_local Fiber* left;      // the fiber that the last switch left
thread_local Fiber* entered;   // and the one that it went to

}  // namespace

#if !defined(EMULATION_UCONTEXT)
// Saves what a call preserves, leaves the stack pointer in *from, takes `to` for it and restores.
extern "C" void detr4j_emulation_switch(void** from, void* to);
#if defined(__x86_64__)
asm(R"(
.text
.globl detr4j_emulation_switch
.hidden detr4j_emulation_switch
.type detr4j_emulation_switch,@function
detr4j_emulation_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size detr4j_emulation_switch,.-detr4j_emulation_switch
)");
// What the first switch pops: six registers, then the address that `ret` goes to with the stack as a call would leave it.
void* first_frame(unsigned char* end, void (*entry)()) {
  void** top = reinterpret_cast<void**>(end);
  *--top = nullptr;
  *--top = reinterpret_cast<void*>(entry);
  for (int i = 0; i < 6; i++) *--top = nullptr;
  return top;
}
#else
asm(R"(
.text
.globl detr4j_emulation_switch
.hidden detr4j_emulation_switch
.type detr4j_emulation_switch,%function
detr4j_emulation_switch:
  sub sp, sp, #160
  stp x19, x20, [sp, #0]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp, #0]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
.size detr4j_emulation_switch,.-detr4j_emulation_switch
)");
void* first_frame(unsigned char* end, void (*entry)()) {
  void** frame = reinterpret_cast<void**>(end - 160);
  for (int i = 0; i < 20; i++) frame[i] = nullptr;
  frame[11] = reinterpret_cast<void*>(entry);  // x30
  return frame;
}
#endif
#endif

Fiber::~Fiber() {
  if (mapping != nullptr) munmap(mapping, PAGE + STACK);
}

void Fiber::prepare(void (*entry)()) {
  if (mapping == nullptr) {
    void* pages = mmap(nullptr, PAGE + STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) __builtin_trap();
    mapping = static_cast<unsigned char*>(pages);
    mprotect(mapping, PAGE, PROT_NONE);
    bottom = mapping + PAGE;
    size = STACK;
  }
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(mapping + PAGE, STACK);
#endif
#if defined(EMULATION_UCONTEXT)
  getcontext(&context);
  context.uc_stack.ss_sp = mapping + PAGE;
  context.uc_stack.ss_size = STACK;
  context.uc_link = nullptr;
  makecontext(&context, entry, 0);
#else
  stack_pointer = first_frame(mapping + PAGE + STACK, entry);
#endif
}

void Fiber::switch_to(Fiber& to, bool last) {
  left = this;
  entered = &to;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(last ? nullptr : &fake_stack, to.bottom, to.size);
#else
  (void)last;
#endif
#if defined(EMULATION_UCONTEXT)
  swapcontext(&context, &to.context);
#else
  detr4j_emulation_switch(&stack_pointer, to.stack_pointer);
#endif
  arrived();
}

void Fiber::arrived() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(entered->fake_stack, &left->bottom, &left->size);
  entered->fake_stack = nullptr;
#endif
}

bool Fiber::overflowed(const void* address) const {
  return mapping != nullptr && (uintptr_t)address - (uintptr_t)mapping < PAGE;
}

}  // namespace emulation
