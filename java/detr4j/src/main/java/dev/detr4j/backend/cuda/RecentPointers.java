package dev.detr4j.backend.cuda;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Pointers for calls, kept from one call of a session to the next: the same copies come in the same
 * order, so that after the first call nothing is allocated.
 */
final class RecentPointers {
  private MemorySegment[] pointers = new MemorySegment[16];
  private int next;

  RecentPointers() {
    Arrays.fill(pointers, MemorySegment.NULL);
  }

  /** The pointer to an address. */
  MemorySegment to(long address) {
    int at = next++;
    if (at == pointers.length) {
      pointers = Arrays.copyOf(pointers, 2 * at);
      Arrays.fill(pointers, at, pointers.length, MemorySegment.NULL);
    }
    MemorySegment pointer = pointers[at];
    if (pointer.address() != address) {
      pointer = MemorySegment.ofAddress(address);
      pointers[at] = pointer;
    }
    return pointer;
  }

  /** A call begins. */
  void restart() {
    next = 0;
  }
}
