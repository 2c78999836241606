// What the emulation says when a kernel is wrong: what, in which kernel, by which thread, on which line.
#ifndef DETR4J_EMULATION_REPORT_H
#define DETR4J_EMULATION_REPORT_H

#include <cstdint>
#include <string>

namespace emulation {

// Prints one line and ends the process: the state of a kernel that broke a rule is worth nothing.
[[noreturn]] __attribute__((format(printf, 1, 2))) void stop(const char* format, ...);

// "thread 5 of block 1,0,0 of conv2d_f32", or "the host".
std::string who();

// File and line of an instruction, by addr2line; its address where that is missing.
std::string line_of(uintptr_t pc);

// For test programs: from here on an access of a page without access is reported with kernel, thread and line, and a report
// calls last_words and ends the process with status 1 in place of a signal. A JVM has handlers of its own.
void report_faults(void (*last_words)() = nullptr);

}  // namespace emulation

#endif  // DETR4J_EMULATION_REPORT_H
