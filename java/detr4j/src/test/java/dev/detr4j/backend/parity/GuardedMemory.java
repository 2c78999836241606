package dev.detr4j.backend.parity;

import dev.detr4j.backend.host.HostBuffer;
import dev.detr4j.tensor.Buffer;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;

/**
 * Host memory with an unmapped page right behind, or right before, every tensor: an access outside
 * ends the JVM.
 *
 * <p>Linux only, by mmap and mprotect.
 */
@SuppressWarnings("restricted") // mmap hands out an address without an extent
final class GuardedMemory implements CaseMemory {
  private static final long PAGE = 4096;
  private static final int NO_ACCESS = 0;
  private static final int READ_WRITE = 3;
  private static final int PRIVATE_ANONYMOUS = 0x22;

  private static final MethodHandle MMAP =
      handle(
          "mmap",
          FunctionDescriptor.of(
              ValueLayout.ADDRESS,
              ValueLayout.ADDRESS,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_INT,
              ValueLayout.JAVA_LONG));
  private static final MethodHandle MPROTECT =
      handle(
          "mprotect",
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT,
              ValueLayout.ADDRESS,
              ValueLayout.JAVA_LONG,
              ValueLayout.JAVA_INT));
  private static final MethodHandle MUNMAP =
      handle(
          "munmap",
          FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG));

  private final boolean guardBehind;
  private final List<MemorySegment> mappings = new ArrayList<>();

  /**
   * Makes an empty memory.
   *
   * @param guardBehind whether tensors end where the unmapped page begins, or begin where it ends
   */
  GuardedMemory(boolean guardBehind) {
    this.guardBehind = guardBehind;
  }

  @Override
  public Place allocate(long bytes) {
    long usable = (bytes + PAGE - 1) / PAGE * PAGE;
    long size = usable + 2 * PAGE;
    MemorySegment mapping = map(size);
    mappings.add(mapping);
    protect(mapping.asSlice(PAGE, usable));
    Buffer buffer = new HostBuffer(mapping.asSlice(PAGE, usable));
    // Elements of 4 bytes keep their alignment, because a span of them is a multiple of 4; bytes
    // need none.
    return new Place(buffer, guardBehind ? usable - bytes : 0);
  }

  @Override
  public void close() {
    for (MemorySegment mapping : mappings) {
      try {
        int status = (int) MUNMAP.invokeExact(mapping, mapping.byteSize());
        check(status == 0, "munmap");
      } catch (Throwable e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private static MemorySegment map(long size) {
    try {
      MemorySegment mapped =
          (MemorySegment)
              MMAP.invokeExact(MemorySegment.NULL, size, NO_ACCESS, PRIVATE_ANONYMOUS, -1, 0L);
      check(mapped.address() != -1, "mmap");
      return mapped.reinterpret(size);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  private static void protect(MemorySegment pages) {
    if (pages.byteSize() == 0) {
      return;
    }
    try {
      int status = (int) MPROTECT.invokeExact(pages, pages.byteSize(), READ_WRITE);
      check(status == 0, "mprotect");
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  private static void check(boolean holds, String call) {
    if (!holds) {
      throw new IllegalStateException(call + " failed");
    }
  }

  private static MethodHandle handle(String name, FunctionDescriptor descriptor) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), descriptor);
  }
}
