package dev.detr4j.cli;

import dev.detr4j.error.ImageException;
import dev.detr4j.error.OneLine;
import java.io.BufferedOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A file that appears under its name only when it is complete: written aside, then renamed by
 * {@link #commit}. Closing without committing leaves everything as it was. Where the name leads to
 * a pipe or a device, that is written to, and stays. Not thread-safe.
 */
final class ReplacedFile extends FilterOutputStream {
  private static final int MOST_LINKS = 40;
  private static final Path DEVICES = Path.of("/dev");

  /** What an interrupted run would leave behind. */
  private static final Set<Path> UNFINISHED = ConcurrentHashMap.newKeySet();

  static {
    Runtime.getRuntime().addShutdownHook(new Thread(ReplacedFile::removeUnfinished));
  }

  private final Path target;

  /** The target itself where it is no regular file. */
  private final Path aside;

  private boolean done;
  private boolean broken;

  private ReplacedFile(Path target, Path aside, OpenOption... how) throws IOException {
    super(new BufferedOutputStream(Files.newOutputStream(aside, how), 1 << 16));
    this.target = target;
    this.aside = aside;
  }

  /**
   * Begins to write.
   *
   * @throws ImageException when nothing can be written there; the message names the target
   */
  static ReplacedFile open(Path target) {
    if (Files.isDirectory(target)) {
      throw new ImageException(target + ": is a folder, expected a file to write");
    }
    try {
      if (isSpecial(target)) {
        // To the end, should it be an open file of somebody's after all, as /dev/stdout may be.
        return new ReplacedFile(
            target, target, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
      }
      // A link stays one: the file that it leads to is replaced, or made.
      Path file = target;
      for (int link = 0; link < MOST_LINKS && Files.isSymbolicLink(file); link++) {
        file = file.resolveSibling(Files.readSymbolicLink(file));
      }
      String name = String.valueOf(file.getFileName());
      Path aside =
          file.resolveSibling("." + name + "." + ProcessHandle.current().pid() + ".partial");
      Files.deleteIfExists(aside);
      UNFINISHED.add(aside);
      return new ReplacedFile(file, aside, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    } catch (IOException e) {
      throw unwritable(target, e);
    }
  }

  /**
   * Checks that a file can be written there, and changes nothing.
   *
   * @throws ImageException as {@link #open}
   */
  static void check(Path target) {
    if (isSpecial(target)) {
      return; // opening a pipe would wait for its reader, and closing would end it
    }
    try {
      open(target).close();
    } catch (IOException e) {
      throw unwritable(target, e);
    }
  }

  /** Whether the name leads to a pipe, a device or an open file, which is written to as it is. */
  static boolean isSpecial(Path target) {
    Path whole = target.toAbsolutePath().normalize();
    // /dev/stdout and its like; below /dev/shm lie files as anywhere.
    boolean ofTheSystem =
        whole.startsWith("/proc")
            || whole.startsWith("/dev/fd")
            || DEVICES.equals(whole.getParent());
    return Files.exists(target)
        && !Files.isDirectory(target)
        && (ofTheSystem || !Files.isRegularFile(target));
  }

  private static void removeUnfinished() {
    for (Path aside : UNFINISHED) {
      try {
        Files.deleteIfExists(aside);
      } catch (IOException e) {
        // The JVM ends: nobody is left to be told.
      }
    }
  }

  @Override
  public void write(int value) {
    write(new byte[] {(byte) value}, 0, 1);
  }

  /** Throws {@link ImageException} when it cannot be written, as when the disk is full. */
  @Override
  public void write(byte[] bytes, int offset, int length) {
    try {
      out.write(bytes, offset, length);
    } catch (IOException e) {
      broken = true;
      throw unwritable(target, e);
    }
  }

  /** As {@link #write(byte[], int, int)}. */
  @Override
  public void flush() {
    try {
      out.flush();
    } catch (IOException e) {
      broken = true;
      throw unwritable(target, e);
    }
  }

  /** Whether something that was to be written is not: such a file is never committed. */
  boolean broken() {
    return broken;
  }

  /** Makes what was written the file; throws {@link ImageException} when that cannot be done. */
  void commit() {
    if (broken) {
      throw new ImageException(target + ": cannot be written completely");
    }
    try {
      out.close();
      if (aside.equals(target)) {
        done = true;
        return;
      }
      try {
        Files.move(
            aside, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } catch (AtomicMoveNotSupportedException e) {
        Files.move(aside, target, StandardCopyOption.REPLACE_EXISTING);
      }
      done = true;
      UNFINISHED.remove(aside);
    } catch (IOException e) {
      throw unwritable(target, e);
    }
  }

  @Override
  public void close() throws IOException {
    if (!done) {
      done = true;
      try {
        out.close();
      } catch (IOException e) {
        if (!broken) { // else it was told already
          throw e;
        }
      } finally {
        if (!aside.equals(target)) {
          Files.deleteIfExists(aside);
          UNFINISHED.remove(aside);
        }
      }
    }
  }

  /** One line about a file or folder that cannot be written. */
  static ImageException unwritable(Path target, IOException cause) {
    String reason =
        cause instanceof NoSuchFileException ? "its folder does not exist" : OneLine.of(cause);
    return new ImageException(target + ": cannot be written: " + reason, cause);
  }

  /** Passed to a writer that must not close the file: closing only flushes. */
  OutputStream kept() {
    return new FilterOutputStream(this) {
      @Override
      public void write(byte[] bytes, int offset, int length) throws IOException {
        out.write(bytes, offset, length);
      }

      @Override
      public void close() throws IOException {
        flush();
      }
    };
  }
}
