package dev.detr4j.checkpoint;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.OneLine;
import dev.detr4j.json.OutsideFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystems;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A whole file in memory: mapped read-only when it lies on the default file system, and then it
 * must not be shortened meanwhile; else a {@link NativeCopy}. Thread-safe. Whoever opens it closes
 * it.
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
   * Maps the file, or copies one that the system cannot map.
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
      MappedFile file =
          path.getFileSystem().equals(FileSystems.getDefault())
              ? new MappedFile(container, arena, map(path, arena))
              : new MappedFile(container, arena, NativeCopy.of(path, container, arena));
      file.checkNoPointer();
      opened = true;
      return file;
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

  /** Throws when this is what Git has instead of the file. */
  private void checkNoPointer() {
    if (OutsideFile.isLfsPointer(
        bytes
            .asSlice(0, OutsideFile.pointerBytes(bytes.byteSize()))
            .toArray(ValueLayout.JAVA_BYTE))) {
      throw new CheckpointException("checkpoint " + container + ": " + OutsideFile.LFS_POINTER);
    }
  }

  /**
   * Reads what lies in no file system.
   *
   * @param place where it lies, for the message when it cannot be read
   */
  static MappedFile read(String container, String place, Reader reader) {
    Arena arena = Arena.ofShared();
    boolean opened = false;
    try {
      MappedFile file = new MappedFile(container, arena, reader.read(arena));
      file.checkNoPointer();
      opened = true;
      return file;
    } catch (IOException e) {
      throw new CheckpointException(
          "checkpoint %s: cannot be read: %s".formatted(OneLine.of(place), OneLine.of(e)), e);
    } finally {
      if (!opened) {
        arena.close();
      }
    }
  }

  /** Reads bytes into memory of an arena. */
  @FunctionalInterface
  interface Reader {
    MemorySegment read(Arena arena) throws IOException;
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
