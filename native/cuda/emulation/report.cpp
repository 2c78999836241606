#include "report.h"

#include <dlfcn.h>
#include <signal.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "memory.h"
#include "scheduler.h"

namespace emulation {

extern EMULATION_TLS const char* running_kernel;
bool stack_overflowed(const void* address);

namespace {

bool is_test_program;
void (*say_last_words)();

}  // namespace

std::string who() {
  if (current == nullptr) return "the host";
  char text[300];
  const dim3 b = current->block;
  snprintf(text, sizeof text, "thread %u of block %u,%u,%u of %s", current->rank, b.x, b.y, b.z, running_kernel);
  return text;
}

void stop(const char* format, ...) {
  char text[800];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  fprintf(stderr, "emulation: %s: %s\n", who().c_str(), text);
  if (say_last_words != nullptr) say_last_words();
  fflush(stderr);
  if (is_test_program) _exit(1);
  abort();
}

std::string line_of(uintptr_t pc) {
  Dl_info info{};
  const bool known = dladdr(reinterpret_cast<void*>(pc), &info) != 0 && info.dli_fname != nullptr;
  char command[600], line[300];
  snprintf(line, sizeof line, "%#lx", (unsigned long)(pc - (known ? (uintptr_t)info.dli_fbase : 0)));
  std::string text = line;
  if (!known) return text;
  snprintf(command, sizeof command, "addr2line -i -s -e '%s' %s 2>/dev/null", info.dli_fname, text.c_str());
  FILE* answer = popen(command, "r");
  if (answer == nullptr) return text;
  // Innermost first: the line of the kernel is the first outside the vocabulary.
  for (bool found = false; !found && fgets(line, sizeof line, answer) != nullptr && line[0] != '?';) {
    line[strcspn(line, "\n")] = 0;
    if (char* discriminator = strstr(line, " (discriminator")) *discriminator = 0;
    text = line;
    found = strncmp(line, "device.h:", 9) != 0 && strncmp(line, "language.h:", 11) != 0 && strncmp(line, "tensor_cores.h:", 15) != 0;
  }
  pclose(answer);
  return text;
}

namespace {

uintptr_t pc_of(void* context) {
#if defined(__x86_64__)
  return (uintptr_t) static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
  return (uintptr_t) static_cast<ucontext_t*>(context)->uc_mcontext.pc;
#else
  (void)context;
  return 0;
#endif
}

// Not safe after a fault in general, but the process ends here either way and the place is what one needs.
void on_fault(int, siginfo_t* info, void* context) {
  signal(SIGSEGV, SIG_DFL);
  signal(SIGBUS, SIG_DFL);
  const std::string line = line_of(pc_of(context));
  if (stack_overflowed(info->si_addr)) stop("stack is full at %s", line.c_str());
  stop("access of %s at %s", describe_address(info->si_addr).c_str(), line.c_str());
}

}  // namespace

void report_faults(void (*last_words)()) {
  is_test_program = true;
  say_last_words = last_words;
  static unsigned char stack[256 << 10];
  stack_t alternative{};
  alternative.ss_sp = stack;
  alternative.ss_size = sizeof stack;
  sigaltstack(&alternative, nullptr);
  struct sigaction action {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigaction(SIGSEGV, &action, nullptr);
  sigaction(SIGBUS, &action, nullptr);
}

}  // namespace emulation
