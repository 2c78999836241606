package dev.detr4j.backend.host;

import dev.detr4j.error.BackendException;
import dev.detr4j.ffi.HostPages;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/** Off-heap memory of the host, or an error that says how much was needed and how much is free. */
final class HostMemory {
  /**
   * What no allocation of a page-wise allocator may exceed; sums of sizes and pages stay a long.
   */
  private static final long MOST = 1L << 62;

  private HostMemory() {}

  /**
   * Allocates at least 64 zeroed bytes, 64-byte aligned.
   *
   * @param purpose what the memory is for, as in {@code feature maps}; for the message
   * @throws BackendException when there is too little
   */
  static MemorySegment allocate(Arena arena, long bytes, String purpose) {
    if (bytes < 0) {
      throw new IllegalArgumentException("cannot allocate " + bytes + " bytes for " + purpose);
    }
    if (bytes > MOST) {
      throw refused(bytes, purpose, "more than any address space holds", null);
    }
    try {
      return HostPages.allocate(arena, Math.max(bytes, 64));
    } catch (OutOfMemoryError e) {
      throw refused(bytes, purpose, String.valueOf(e.getMessage()), e);
    }
  }

  private static BackendException refused(
      long bytes, String purpose, String reason, @Nullable Error cause) {
    long free = FreeMemory.bytes();
    String message =
        "cannot allocate %s of off-heap memory for %s: %s (%s)"
            .formatted(
                amount(bytes),
                purpose,
                free < 0
                    ? "how much is free is unknown on this system"
                    : amount(free) + " are free on this machine",
                reason);
    return cause == null ? new BackendException(message) : new BackendException(message, cause);
  }

  /** Whole mebibytes, rounded up. */
  private static String amount(long bytes) {
    return (bytes >> 20) + ((bytes & 0xfffff) == 0 ? 0 : 1) + " MiB";
  }
}
