package dev.detr4j.cli.registry;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What has arrived of a file, beside the place where it will be: {@code NAME.part}, and in {@code
 * NAME.part.from} what it is a part of. Survives the process, so that a later one goes on. The
 * caller holds a lock; not thread-safe.
 */
final class PartFile implements AutoCloseable {
  /**
   * What the bytes here are a part of.
   *
   * @param url as asked for, before redirects
   * @param validator an entity tag or a date that the server gave; null when it gave none
   * @param total bytes of the whole file as the server said; -1 when it did not
   * @param digest the SHA-256 that the server gave, or null
   */
  record Origin(String url, @Nullable String validator, long total, @Nullable String digest) {
    private static final String NONE = "-";

    List<String> lines() {
      return List.of(
          url,
          validator == null ? NONE : validator,
          Long.toString(total),
          digest == null ? NONE : digest);
    }

    static @Nullable Origin of(List<String> lines) {
      if (lines.size() != 4 || !lines.get(2).matches("-1|\\d{1,18}")) {
        return null;
      }
      return new Origin(
          lines.get(0),
          lines.get(1).equals(NONE) ? null : lines.get(1),
          Long.parseLong(lines.get(2)),
          lines.get(3).equals(NONE) ? null : lines.get(3));
    }
  }

  private final Path target;
  private final Path part;
  private final Path from;
  private final FileChannel channel;
  private @Nullable Origin origin;

  private PartFile(Path target, URI url) throws IOException {
    this.target = target;
    this.part = target.resolveSibling(target.getFileName() + ".part");
    this.from = target.resolveSibling(target.getFileName() + ".part.from");
    this.channel =
        FileChannel.open(
            part, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    Origin earlier = Files.isRegularFile(from) ? Origin.of(Files.readAllLines(from)) : null;
    if (earlier != null && earlier.url.equals(url.toString())) {
      origin = earlier;
    } else {
      channel.truncate(0);
    }
  }

  /** Takes up what an earlier process left of that address, or begins. */
  static PartFile open(Path target, URI url) throws IOException {
    return new PartFile(target, url);
  }

  Path path() {
    return part;
  }

  long size() throws IOException {
    return channel.size();
  }

  /** What is here is a part of this; null when nothing is here. */
  @Nullable Origin origin() {
    return origin;
  }

  /** Throws away what is here and begins with another version. */
  void begin(Origin of) throws IOException {
    channel.truncate(0);
    origin = of;
    Files.write(from, of.lines());
  }

  /** Throws away what is here. */
  void discard() throws IOException {
    channel.truncate(0);
    origin = null;
    Files.deleteIfExists(from);
  }

  void append(ByteBuffer bytes) throws IOException {
    long position = channel.size();
    while (bytes.hasRemaining()) {
      position += channel.write(bytes, position);
    }
  }

  /** The SHA-256 of what is here, in lower-case hex. */
  String digest() throws IOException {
    try (InputStream in = Files.newInputStream(part)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      byte[] block = new byte[1 << 16];
      for (int n = in.read(block); n >= 0; n = in.read(block)) {
        digest.update(block, 0, n);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }

  /** The part is the whole: it becomes the target in one step, once it is on the disk. */
  void commit() throws IOException {
    channel.force(true);
    try {
      Files.move(part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(part, target, StandardCopyOption.REPLACE_EXISTING);
    }
    Files.deleteIfExists(from);
  }

  /** Keeps what has arrived; an empty part is of no use and goes. */
  @Override
  public void close() throws IOException {
    boolean empty = channel.size() == 0;
    channel.close();
    if (empty) {
      Files.deleteIfExists(part);
      Files.deleteIfExists(from);
    }
  }
}
