package dev.detr4j.checkpoint;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.OneLine;
import dev.detr4j.json.OutsideFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A whole file, mapped read-only; it must not be shortened meanwhile. Thread-safe. Whoever opens it
 * closes it.
 */
final class MappedFile implements AutoCloseable {
  private final String container;
  private final Arena arena;
  private final MemorySegment bytes;
  private final AtomicBoolean closed = new AtomicBoolean();

  /**
   * What is taken for a mapped file.
   *
   * @param arena owns the bytes and is closed with the file
   */
  MappedFile(String container, Arena arena, MemorySegment bytes) {
    this.container = container;
    this.arena = arena;
    this.bytes = bytes;
  }

  /**
   * Maps the file.
   *
   * @param expected what it should be, for the message when it is no regular file
   * @throws CheckpointException when it cannot be read; also when the thread is interrupted, which
   *     it then still is
   */
  static MappedFile open(Path path, String expected) {
    String container = OneLine.of(String.valueOf(path.getFileName()));
    Arena arena = Arena.ofShared();
    boolean opened = false;
    try {
      String oddity = OutsideFile.oddity(path);
      if (oddity != null) {
        throw new CheckpointException(
            "checkpoint " + container + ": " + oddity + ", expected " + expected);
      }
      MemorySegment bytes = map(path, arena);
      if (OutsideFile.isLfsPointer(
          bytes
              .asSlice(0, OutsideFile.pointerBytes(bytes.byteSize()))
              .toArray(ValueLayout.JAVA_BYTE))) {
        throw new CheckpointException("checkpoint " + container + ": " + OutsideFile.LFS_POINTER);
      }
      opened = true;
      return new MappedFile(container, arena, bytes);
    } catch (NoSuchFileException e) {
      throw new CheckpointException(
          "checkpoint " + OneLine.of(path.toString()) + ": there is no such file", e);
    } catch (IOException e) {
      throw new CheckpointException(
          "checkpoint %s: cannot be read: %s".formatted(OneLine.of(path.toString()), OneLine.of(e)),
          e);
    } finally {
      if (!opened) {
        arena.close();
      }
    }
  }

  private static MemorySegment map(Path path, Arena arena) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
    }
  }

  /** The name of the file, as messages give it. */
  String container() {
    return container;
  }

  /** The arena that lives as long as the mapping. */
  Arena arena() {
    return arena;
  }

  MemorySegment bytes() {
    return bytes;
  }

  /** Gives the pages back that were touched so far; touched again, they are mapped again. */
  void unload() {
    if (bytes.isMapped()) {
      bytes.unload();
    }
  }

  /** An exception whose one line begins with the name of the file; the text may quote the file. */
  CheckpointException wrong(String what) {
    return new CheckpointException(line(what));
  }

  /** As above, for something that was noticed elsewhere. */
  CheckpointException wrong(String what, Throwable cause) {
    return new CheckpointException(line(what), cause);
  }

  private String line(String what) {
    return "checkpoint " + container + ": " + OneLine.of(what, 1000);
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      arena.close();
    }
  }
}
