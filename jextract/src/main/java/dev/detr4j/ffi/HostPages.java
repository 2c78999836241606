package dev.detr4j.ffi;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Locale;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * Large off-heap memory in pages of 2 MiB where Linux offers them.
 *
 * <p>The feature maps and weights of one detector span a hundred thousand pages of 4 KiB, far more
 * than a processor's address cache holds. Pages come zeroed from the kernel when they are first
 * touched, so that a big allocation costs nothing by itself.
 */
public final class HostPages {
  private static final long HUGE_PAGE = 2L << 20;

  /** Below this size the memory of the arena itself serves as well. */
  private static final long SMALLEST = 1L << 20;

  private static final int PROT_READ_WRITE = 3;
  private static final int MAP_PRIVATE_ANONYMOUS = 0x22;
  private static final int MADV_HUGEPAGE = 14;

  private static final @Nullable Calls CALLS = Calls.find();

  private HostPages() {}

  /**
   * Allocates zeroed memory, 64-byte aligned, that lives as long as the arena.
   *
   * @throws OutOfMemoryError when there is none
   */
  public static MemorySegment allocate(Arena arena, long bytes) {
    Calls calls = CALLS;
    if (calls != null && bytes >= SMALLEST) {
      MemorySegment mapped = calls.map(arena, bytes);
      if (mapped != null) {
        return mapped;
      }
    }
    return arena.allocate(Math.max(bytes, 1), 64);
  }

  /** The three system calls, of Linux alone. */
  private record Calls(MethodHandle mmap, MethodHandle munmap, MethodHandle madvise) {
    static @Nullable Calls find() {
      if (!System.getProperty("os.name", "").toLowerCase(Locale.ROOT).contains("linux")) {
        return null;
      }
      ValueLayout.OfLong address = ValueLayout.JAVA_LONG;
      ValueLayout.OfInt number = ValueLayout.JAVA_INT;
      try {
        Linker linker = Linker.nativeLinker();
        SymbolLookup libc = linker.defaultLookup();
        return new Calls(
            linker.downcallHandle(
                libc.find("mmap").orElseThrow(),
                FunctionDescriptor.of(address, address, address, number, number, number, address)),
            linker.downcallHandle(
                libc.find("munmap").orElseThrow(), FunctionDescriptor.of(number, address, address)),
            linker.downcallHandle(
                libc.find("madvise").orElseThrow(),
                FunctionDescriptor.of(number, address, address, number)));
      } catch (IllegalCallerException | NoSuchElementException e) {
        // Native access is denied, or this libc is unusual. Ordinary pages are right, only slower.
        return null;
      }
    }

    /**
     * Maps memory aligned to huge pages; null when the kernel refuses, and then the arena is asked.
     */
    @Nullable MemorySegment map(Arena arena, long bytes) {
      long size = Math.addExact(bytes, HUGE_PAGE + 4095) & -4096L;
      try {
        long start =
            (long) mmap.invokeExact(0L, size, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0L);
        if (start < 0 && start > -4096) {
          return null;
        }
        long aligned = (start + HUGE_PAGE - 1) & -HUGE_PAGE;
        // Without effect where huge pages are switched off; the memory is the same.
        int advised =
            (int) madvise.invokeExact(aligned, start + size - aligned & -4096L, MADV_HUGEPAGE);
        assert advised <= 0;
        return MemorySegment.ofAddress(aligned)
            .reinterpret(bytes, arena, freed -> unmap(start, size));
      } catch (Throwable e) {
        if (e instanceof Error error) {
          throw error;
        }
        return null;
      }
    }

    private void unmap(long start, long size) {
      try {
        int status = (int) munmap.invokeExact(start, size);
        assert status == 0;
      } catch (Throwable e) {
        throw new IllegalStateException("munmap failed", e);
      }
    }
  }
}
