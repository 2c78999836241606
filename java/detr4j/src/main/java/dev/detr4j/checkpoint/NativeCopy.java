package dev.detr4j.checkpoint;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.OneLine;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Copies files that the system cannot map into memory outside the heap. A file has at most {@value
 * #LARGEST} bytes, far more than any published checkpoint, so that a stream without an end fails
 * before the machine does.
 */
final class NativeCopy {
  /** The most bytes of a file that is copied. */
  static final long LARGEST = 4L << 30;

  private static final int BUFFER = 1 << 16;
  private static final long FIRST_PART = 1L << 20;
  private static final long LARGEST_PART = 64L << 20;

  private NativeCopy() {}

  /**
   * Copies a file of any file system.
   *
   * @throws CheckpointException when it is too large, also for an entry of a zip file that is
   *     deflated to less than a weight file can be; or when its size is not the one that its file
   *     system says
   */
  static MemorySegment of(Path path, String container, Arena arena) throws IOException {
    long size = Files.size(path);
    if (path.getFileSystem().provider().getScheme().equals("jar")) {
      Map<String, Object> packed = Files.readAttributes(path, "zip:compressedSize");
      // A deflated entry that was written as a stream has no compressed size before it is closed.
      if (packed.get("compressedSize") instanceof Long bytes && bytes < size) {
        long most = ZipDirectory.mostInflated(bytes);
        if (size > most) {
          throw wrong(
              container, "is deflated and has %d bytes, at most %d are read".formatted(size, most));
        }
      }
    }
    try (InputStream in = Files.newInputStream(path)) {
      return ofSize(in, size, container, arena);
    }
  }

  /** Copies bytes on the heap. */
  static MemorySegment of(MemorySegment bytes, String container, Arena arena) {
    return allocate(bytes.byteSize(), container, arena).copyFrom(bytes).asReadOnly();
  }

  private static MemorySegment ofSize(InputStream in, long size, String container, Arena arena)
      throws IOException {
    MemorySegment copy = allocate(size, container, arena);
    long read = fill(copy, in);
    if (read < size) {
      throw wrong(
          container, "ends after " + read + " of the " + size + " bytes that it should have");
    }
    if (in.read() >= 0) {
      throw wrong(container, "has more than the " + size + " bytes that it should have");
    }
    return copy.asReadOnly();
  }

  /**
   * Copies a stream to its end and leaves it open. The bytes are in memory twice for a moment,
   * since a stream does not say how many there are.
   */
  static MemorySegment of(InputStream in, String container, Arena arena) throws IOException {
    try (Arena parts = Arena.ofConfined()) {
      List<MemorySegment> filled = new ArrayList<>();
      long size = 0;
      long wanted = FIRST_PART;
      while (true) {
        MemorySegment part = allocate(wanted, container, parts);
        long read = fill(part, in);
        size += read;
        if (size > LARGEST) {
          throw wrong(container, "has more than " + LARGEST + " bytes");
        }
        filled.add(part.asSlice(0, read));
        if (read < wanted) {
          break;
        }
        wanted = Math.min(2 * wanted, LARGEST_PART);
      }
      MemorySegment copy = allocate(size, container, arena);
      long at = 0;
      for (MemorySegment part : filled) {
        MemorySegment.copy(part, 0, copy, at, part.byteSize());
        at += part.byteSize();
      }
      return copy.asReadOnly();
    }
  }

  /** Fills memory as far as the stream goes; returns how many bytes there were. */
  private static long fill(MemorySegment memory, InputStream in) throws IOException {
    byte[] buffer = new byte[BUFFER];
    long at = 0;
    while (at < memory.byteSize()) {
      int read = in.readNBytes(buffer, 0, (int) Math.min(BUFFER, memory.byteSize() - at));
      if (read == 0) {
        break;
      }
      MemorySegment.copy(buffer, 0, memory, ValueLayout.JAVA_BYTE, at, read);
      at += read;
    }
    return at;
  }

  private static MemorySegment allocate(long size, String container, Arena arena) {
    if (size < 0 || size > LARGEST) {
      throw wrong(container, "has " + size + " bytes, expected at most " + LARGEST);
    }
    try {
      return arena.allocate(size, 64);
    } catch (OutOfMemoryError e) {
      throw new CheckpointException(
          "checkpoint %s: cannot allocate %d MiB of off-heap memory for a copy: %s"
              .formatted(container, (size >> 20) + 1, OneLine.of(String.valueOf(e.getMessage()))),
          e);
    }
  }

  private static CheckpointException wrong(String container, String what) {
    return new CheckpointException("checkpoint " + container + ": " + what);
  }
}
