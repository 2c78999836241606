package dev.detr4j.serve.exchange;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The body of a request, read whole within bounds. Closing gives its memory back to the budget.
 *
 * <p>No size is believed: the buffer grows with what has arrived, and the budget with it.
 */
public final class Body implements AutoCloseable {
  private static final int FIRST = 1 << 16;

  private final MemoryBudget budget;
  private final @Nullable String contentType;
  private byte[] bytes = {};
  private int length;
  private long reserved;

  private Body(MemoryBudget budget, @Nullable String contentType) {
    this.budget = budget;
    this.contentType = contentType;
  }

  /**
   * Reads the body of a request, whose length must be announced: a server reads a chunk of
   * Transfer-Encoding as a whole, and whoever says how large a chunk is takes its memory.
   *
   * @param most the largest body, in bytes
   * @param time how long the client may take to send it
   * @throws Refusal when it is larger or slower, or no memory is left for it
   */
  public static Body read(ServeRequest request, long most, Duration time, MemoryBudget budget)
      throws IOException {
    if (request.header("Transfer-Encoding") != null) {
      throw Refusal.of(411, "the body comes in chunks, expected a Content-Length");
    }
    long claimed = claimedLength(request.header("Content-Length"));
    if (claimed > most) {
      throw tooLarge(most);
    }
    Body body = new Body(budget, request.header("Content-Type"));
    try {
      body.fill(request.body(), claimed, most, System.nanoTime() + time.toNanos(), time);
      return body;
    } catch (Throwable e) {
      body.close();
      throw e;
    }
  }

  private static Refusal tooLarge(long most) {
    return Refusal.tooLarge("the body is larger than %d bytes".formatted(most));
  }

  private static long claimedLength(@Nullable String header) {
    if (header == null) {
      return 0;
    }
    try {
      return Long.parseLong(header.strip());
    } catch (NumberFormatException e) {
      throw Refusal.malformed("Content-Length is not a number");
    }
  }

  private void fill(InputStream stream, long claimed, long most, long deadline, Duration time)
      throws IOException {
    grow((int) Math.min(claimed == 0 ? FIRST : claimed + 1, FIRST));
    while (true) {
      int read = stream.read(bytes, length, bytes.length - length);
      if (read < 0) {
        return;
      }
      length += read;
      if (length > most) {
        throw tooLarge(most);
      }
      if (System.nanoTime() - deadline > 0) {
        throw Refusal.slow("the body took longer than %d s".formatted(time.toSeconds()));
      }
      if (length == bytes.length) {
        // One byte more than announced, so that the end is seen without growing again.
        long wanted = Math.min(2L * length, Math.max(claimed, length) + Math.max(1, length / 8));
        grow((int) Math.min(wanted, most + 1));
      }
    }
  }

  private void grow(int size) {
    reserve(size - bytes.length);
    bytes = Arrays.copyOf(bytes, size);
  }

  /** Counts memory that is needed beside the bytes, until this is closed. */
  public void reserve(long more) {
    budget.take(more);
    reserved += more;
  }

  /** What was sent, from index 0; longer than {@link #length}. Not a copy. */
  public byte[] bytes() {
    return bytes;
  }

  /** How many bytes were sent. */
  public int length() {
    return length;
  }

  /** The media type with its parameters, as it was sent. */
  public @Nullable String contentType() {
    return contentType;
  }

  @Override
  public void close() {
    budget.give(reserved);
    reserved = 0;
    bytes = new byte[0];
  }
}
