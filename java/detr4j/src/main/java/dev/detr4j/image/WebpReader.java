package dev.detr4j.image;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The first image of a WebP file on its canvas, with the pixels of libwebp; transparency is dropped
 * and colour profiles are not applied.
 *
 * <p>The container is read here. What is compressed goes to {@code
 * org.ngengine:image-webp-decoder}, an optional library in pure Java, as the simplest file that can
 * hold it, once its own size has been compared with what the container says.
 */
final class WebpReader {
  private static final int ANIMATION_FLAG = 0x02;
  private static final int FRAME_HEADER = 16;

  private WebpReader() {}

  static ImageView read(EncodedImage image) {
    RiffChunks chunks = new RiffChunks(image.bytes());
    if (!chunks.whole()) {
      throw image.damaged("WebP", "it ends before the size that it says it has");
    }
    if (!chunks.next()) {
      throw image.damaged("WebP", "it holds nothing");
    }
    if (!chunks.is("VP8X")) {
      return decodeStill(image, chunks, null);
    }
    if (chunks.length() < 10) {
      throw image.damaged("WebP", "its header is cut short");
    }
    int at = chunks.start();
    int flags = image.bytes()[at] & 0xff;
    PixelSize canvas = new PixelSize(1 + chunks.unsigned24(at + 4), 1 + chunks.unsigned24(at + 7));
    image.checkSize(canvas);
    boolean animated = (flags & ANIMATION_FLAG) != 0;
    while (chunks.next()) {
      if (animated && chunks.is("ANMF")) {
        return decodeFrame(image, chunks, canvas);
      }
      if (!animated && isBitstream(chunks)) {
        return decodeStill(image, chunks, canvas);
      }
    }
    throw image.damaged("WebP", "there is no image in it");
  }

  private static boolean isBitstream(RiffChunks chunks) {
    return chunks.is("VP8 ") || chunks.is("VP8L");
  }

  private static ImageView decodeStill(
      EncodedImage image, RiffChunks chunk, @Nullable PixelSize canvas) {
    PixelSize size = sizeOf(image, chunk);
    if (canvas != null && !canvas.equals(size)) {
      throw image.damaged("WebP", "its image is " + size + " and its canvas " + canvas);
    }
    MemorySegment rgb = image.allocate(size);
    decode(image, chunk, size, rgb, size, 0, 0);
    return ImageView.rgb(rgb, size.width(), size.height());
  }

  /** The first frame of an animation; around it the canvas is transparent black. */
  private static ImageView decodeFrame(EncodedImage image, RiffChunks frame, PixelSize canvas) {
    int at = frame.start();
    if (frame.length() < FRAME_HEADER) {
      throw image.damaged("WebP", "its first frame is cut short");
    }
    int left = 2 * frame.unsigned24(at);
    int top = 2 * frame.unsigned24(at + 3);
    PixelSize size = new PixelSize(1 + frame.unsigned24(at + 6), 1 + frame.unsigned24(at + 9));
    if ((long) left + size.width() > canvas.width()
        || (long) top + size.height() > canvas.height()) {
      throw image.damaged(
          "WebP", "its first frame of " + size + " is not within its canvas of " + canvas);
    }
    RiffChunks inner = new RiffChunks(image.bytes(), at + FRAME_HEADER, frame.end());
    while (inner.next()) {
      if (isBitstream(inner)) {
        PixelSize stored = sizeOf(image, inner);
        if (!stored.equals(size)) {
          throw image.damaged("WebP", "its first frame is " + stored + ", expected " + size);
        }
        MemorySegment rgb = image.allocate(canvas);
        decode(image, inner, size, rgb, canvas, left, top);
        return ImageView.rgb(rgb, canvas.width(), canvas.height());
      }
    }
    throw image.damaged("WebP", "its first frame holds no image");
  }

  /** The size that a bitstream itself says it has. */
  private static PixelSize sizeOf(EncodedImage image, RiffChunks chunk) {
    byte[] file = image.bytes();
    int at = chunk.start();
    ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    if (chunk.is("VP8 ")
        && chunk.length() >= 10
        && ImageFormat.matches(file, at + 3, "\u009d\u0001*")) {
      return new PixelSize(bytes.getShort(at + 6) & 0x3fff, bytes.getShort(at + 8) & 0x3fff);
    }
    if (chunk.is("VP8L") && chunk.length() >= 5 && file[at] == 0x2f) {
      int packed = bytes.getInt(at + 1);
      return new PixelSize(1 + (packed & 0x3fff), 1 + (packed >> 14 & 0x3fff));
    }
    throw image.damaged("WebP", "its image does not begin as VP8 or VP8L");
  }

  private static void decode(
      EncodedImage image,
      RiffChunks chunk,
      PixelSize size,
      MemorySegment rgb,
      PixelSize canvas,
      int left,
      int top) {
    ByteBuffer rgba = WebpLibrary.decode(image, simplestFile(image.bytes(), chunk));
    if (rgba.remaining() != 4 * size.pixels()) {
      throw image.damaged("WebP", "it decodes to another size than " + size);
    }
    byte[] row = new byte[4 * size.width()];
    byte[] out = new byte[3 * size.width()];
    for (int y = 0; y < size.height(); y++) {
      rgba.get(row);
      for (int x = 0; x < size.width(); x++) {
        out[3 * x] = row[4 * x];
        out[3 * x + 1] = row[4 * x + 1];
        out[3 * x + 2] = row[4 * x + 2];
      }
      long to = 3L * ((long) (top + y) * canvas.width() + left);
      MemorySegment.copy(out, 0, rgb, ValueLayout.JAVA_BYTE, to, out.length);
    }
  }

  /** A file of one chunk: no alpha, which RGB drops, and no metadata. */
  private static byte[] simplestFile(byte[] file, RiffChunks chunk) {
    int padded = chunk.length() + (chunk.length() & 1);
    ByteBuffer simple = ByteBuffer.allocate(20 + padded).order(ByteOrder.LITTLE_ENDIAN);
    simple.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(12 + padded);
    simple.put("WEBP".getBytes(StandardCharsets.US_ASCII));
    simple.put(file, chunk.start() - 8, 8 + chunk.length());
    return simple.array();
  }
}
