package dev.detr4j.json;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** What may stand at the path of a model's file instead of the file. */
public final class OutsideFile {
  /** What a message says of a pointer that {@link #isLfsPointer} found. */
  public static final String LFS_POINTER = "a Git LFS pointer: fetch the file with git lfs pull";

  /** Longer than any pointer. */
  private static final int LONGEST_POINTER = 1024;

  private static final byte[] POINTER =
      "version https://git-lfs.github.com/spec/".getBytes(StandardCharsets.US_ASCII);

  private OutsideFile() {}

  /**
   * What is there if it is no regular file, as in {@code "is a folder"}; null if it is one. Opening
   * a pipe would wait for its writer, and a device may have no end.
   *
   * @throws IOException when there is nothing, or it cannot be looked at
   */
  public static @Nullable String oddity(Path path) throws IOException {
    BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
    return attributes.isRegularFile()
        ? null
        : attributes.isDirectory() ? "is a folder" : "is a pipe, a socket or a device";
  }

  /**
   * The bytes of a file, no more than {@code most}: an entry of a zip file may be longer than its
   * size says.
   */
  public static byte[] read(Path path, int most) throws IOException {
    try (InputStream in = Files.newInputStream(path)) {
      return in.readNBytes(most);
    }
  }

  /** How many bytes of the beginning of a file {@link #isLfsPointer} wants to see. */
  public static int pointerBytes(long size) {
    return size > LONGEST_POINTER ? 0 : (int) Math.min(size, POINTER.length);
  }

  /** Whether a small file that begins like this is what Git has instead of a large file. */
  public static boolean isLfsPointer(byte[] beginning) {
    return beginning.length <= LONGEST_POINTER
        && beginning.length >= POINTER.length
        && Arrays.equals(beginning, 0, POINTER.length, POINTER, 0, POINTER.length);
  }
}
