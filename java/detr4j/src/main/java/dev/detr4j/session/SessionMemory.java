package dev.detr4j.session;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.Queue;
import dev.detr4j.image.RgbRows;
import dev.detr4j.tensor.Buffer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * The device memory of one session: a slab for the feature maps of whichever plan runs, and room
 * for the pixels of an image. Each is as large as the largest size so far needed.
 *
 * <p>A buffer that is too small is replaced, and its contents are lost: whatever was bound to it is
 * bound again before it runs. Not thread-safe, as the session.
 */
public final class SessionMemory implements AutoCloseable {
  private final Backend backend;
  private final Queue queue;
  private @Nullable Buffer slab;
  private @Nullable Buffer pixels;
  private final RgbRows rgbRows = new RgbRows();
  private final MemorySegment extent = Arena.ofAuto().allocate(2 * Float.BYTES, 64);

  /** Without memory; owns neither backend nor queue. */
  public SessionMemory(Backend backend, Queue queue) {
    this.backend = backend;
    this.queue = queue;
  }

  /** Feature maps: the same buffer as before, unless that has fewer bytes. */
  public Buffer slab(long bytes) {
    Buffer present = slab;
    if (present == null || present.byteSize() < bytes) {
      // The old one goes first: nobody needs its contents, and both at once may be too much.
      slab = null;
      free(present);
      present = backend.allocate(bytes);
      slab = present;
    }
    return present;
  }

  /** The pixels of an image: the same buffer as before, unless that has fewer bytes. */
  public Buffer pixels(long bytes) {
    Buffer present = pixels;
    if (present == null || present.byteSize() < bytes) {
      pixels = null;
      free(present);
      present = backend.allocate(bytes);
      pixels = present;
    }
    return present;
  }

  /** What brings the rows of an image of another layout into that of the pixels. */
  RgbRows rgbRows() {
    return rgbRows;
  }

  /** Width and height on the host, as fp32, until the next call. */
  MemorySegment extent(int width, int height) {
    extent.set(ValueLayout.JAVA_FLOAT, 0, width);
    extent.set(ValueLayout.JAVA_FLOAT, Float.BYTES, height);
    return extent;
  }

  /** Bytes of the device that the session holds. */
  public long bytes() {
    return bytes(slab) + bytes(pixels) + queue.bytes();
  }

  private static long bytes(@Nullable Buffer buffer) {
    return buffer == null ? 0 : buffer.byteSize();
  }

  private void free(@Nullable Buffer buffer) {
    if (buffer != null) {
      queue.synchronise();
      buffer.close();
    }
  }

  @Override
  public void close() {
    free(slab);
    slab = null;
    free(pixels);
    pixels = null;
  }
}
