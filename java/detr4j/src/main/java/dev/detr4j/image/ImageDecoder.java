package dev.detr4j.image;

import dev.detr4j.error.ImageException;
import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Locale;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Reads image files into packed RGB, byte for byte as Pillow does: JPEG, PNG, GIF (first frame),
 * BMP, and whatever else an ImageIO plug-in on the class path reads: with {@code
 * com.twelvemonkeys.imageio:imageio-webp} lossless WebP as Pillow does, lossy WebP a few grey
 * levels off at edges of colour.
 *
 * <p>Transparency is dropped without blending, colour profiles are not applied, CMYK is read as
 * Adobe writes it. Known differences from Pillow: 16-bit grey keeps its high byte (Pillow clips),
 * and JPEGs with chroma halved only vertically (4:4:0) may differ at edges. The size is read and
 * checked before memory for pixels is taken; a truncated file is an error, not a half-grey picture.
 * Nothing is cached on disk. Every failure is an {@link ImageException} of one line that names the
 * image.
 *
 * <p>Immutable and thread-safe. The pixels that a decoder returns live outside the heap until the
 * view is garbage, or as long as the arena that was given.
 */
public final class ImageDecoder {
  /** As many pixels as Pillow accepts before it speaks of a decompression bomb. */
  public static final long DEFAULT_MAX_PIXELS = 178_956_970;

  /** The largest encoded image that is read. */
  private static final int MAX_FILE_BYTES = 1 << 28;

  private final Orientation orientation;
  private final long maxPixels;

  /** A decoder that ignores EXIF orientation and accepts {@link #DEFAULT_MAX_PIXELS}. */
  public ImageDecoder() {
    this(Orientation.IGNORE, DEFAULT_MAX_PIXELS);
  }

  /**
   * A decoder with its own settings.
   *
   * @param maxPixels the largest accepted width times height, 1 to 2^29
   */
  public ImageDecoder(Orientation orientation, long maxPixels) {
    if (maxPixels < 1 || maxPixels > 1L << 29) {
      throw new IllegalArgumentException(
          "maxPixels is " + maxPixels + ", expected 1 to " + (1L << 29));
    }
    this.orientation = orientation;
    this.maxPixels = maxPixels;
  }

  /** Decodes a file into memory of its own. */
  public ImageView decode(Path file) {
    return decode(file, Arena.ofAuto());
  }

  /** Decodes a file into memory of {@code arena}. */
  public ImageView decode(Path file, Arena arena) {
    String name = file.toString().replaceAll("\\p{Cc}", "?"); // a path may hold line feeds
    if (!Files.exists(file)) {
      throw new ImageException(name + ": no such file");
    }
    if (Files.isDirectory(file)) {
      throw new ImageException(name + ": is a folder, expected an image file");
    }
    try (InputStream stream = Files.newInputStream(file)) {
      return decode(stream, name, arena);
    } catch (IOException e) {
      throw new ImageException(name + ": cannot be read: " + reason(e), e);
    }
  }

  /**
   * Decodes what is left of a stream, which stays open.
   *
   * @param name what to call the image in messages
   */
  public ImageView decode(InputStream stream, String name) {
    return decode(stream, name, Arena.ofAuto());
  }

  private ImageView decode(InputStream stream, String name, Arena arena) {
    byte[] bytes;
    try {
      bytes = stream.readNBytes(MAX_FILE_BYTES + 1);
    } catch (IOException e) {
      throw new ImageException(name + ": cannot be read: " + reason(e), e);
    }
    return decode(bytes, name, arena);
  }

  /**
   * Decodes an encoded image.
   *
   * @param name what to call the image in messages
   */
  public ImageView decode(byte[] bytes, String name) {
    return decode(bytes, name, Arena.ofAuto());
  }

  /**
   * Decodes an encoded image into memory of {@code arena}.
   *
   * @param name what to call the image in messages
   */
  public ImageView decode(byte[] bytes, String name, Arena arena) {
    if (bytes.length == 0) {
      throw new ImageException(name + ": is empty, expected an image");
    }
    if (bytes.length > MAX_FILE_BYTES) {
      throw new ImageException(
          name
              + ": larger than "
              + (MAX_FILE_BYTES >> 20)
              + " MiB, the limit for an encoded image");
    }
    ImageView stored;
    try (EndNotingStream stream = new EndNotingStream(bytes)) {
      ImageReader reader = readerFor(stream, bytes, name);
      try {
        stored = read(reader, stream, bytes, name, arena);
      } finally {
        reader.dispose();
      }
    } catch (IOException e) {
      throw new ImageException(name + ": damaged or truncated image: " + reason(e), e);
    }
    return orientation == Orientation.APPLY
        ? Upright.turn(stored, ExifOrientation.of(bytes), arena)
        : stored;
  }

  private ImageView read(
      ImageReader reader, EndNotingStream stream, byte[] bytes, String name, Arena arena)
      throws IOException {
    String format = reader.getFormatName().toUpperCase(Locale.ROOT);
    try {
      boolean gif = format.equals("GIF");
      // Metadata may hold compressed text of any size; only a GIF's is needed, for the place of its
      // first frame.
      reader.setInput(stream, true, !gif);
      PixelSize size = new PixelSize(reader.getWidth(0), reader.getHeight(0));
      GifScreen screen = gif ? GifScreen.read(reader, size) : null;
      PixelSize whole = screen == null ? size : screen.size();
      checkSize(whole, name);
      MemorySegment rgb = arena.allocate(3 * whole.pixels());
      if (JpegHeader.isJpeg(bytes)) {
        JpegHeader header =
            JpegHeader.read(bytes)
                .orElseThrow(() -> new ImageException(name + ": damaged or truncated JPEG header"));
        Raster raster = reader.readRaster(0, null);
        if (stream.passedEnd()) {
          throw new ImageException(name + ": truncated JPEG image");
        }
        JpegPixels.toRgb(raster, header, rgb, name);
      } else {
        BufferedImage image = reader.read(0);
        if (screen == null) {
          DecodedPixels.toRgb(image, rgb, name);
        } else {
          screen.place(image, rgb, name);
        }
      }
      return ImageView.rgb(rgb, whole.width(), whole.height());
    } catch (ImageException e) {
      throw e;
    } catch (IOException | RuntimeException | OutOfMemoryError e) {
      // Readers meet damaged files with all kinds of unchecked exceptions, and wrap what they meet.
      for (Throwable cause = e; cause != null; cause = cause.getCause()) {
        if (cause instanceof OutOfMemoryError) {
          throw new ImageException(
              name + ": not enough memory to decode this " + format + " image; raise -Xmx", e);
        }
      }
      throw new ImageException(
          name + ": damaged or truncated " + format + " image: " + reason(e), e);
    }
  }

  private void checkSize(PixelSize size, String name) {
    if (size.width() < 1 || size.height() < 1) {
      throw new ImageException(
          name + ": image of " + size + " pixels, both sides must be at least 1");
    }
    if (size.pixels() > maxPixels) {
      throw new ImageException(
          name
              + ": image of "
              + size
              + " pixels is larger than the limit of "
              + maxPixels
              + " pixels");
    }
  }

  /**
   * The JDK's own reader where there is one, so that a plug-in on the class path does not change
   * pixels.
   */
  private static ImageReader readerFor(ImageInputStream stream, byte[] bytes, String name) {
    ImageReader found = null;
    for (Iterator<ImageReader> readers = ImageIO.getImageReaders(stream); readers.hasNext(); ) {
      ImageReader reader = readers.next();
      if (reader.getClass().getModule() == ImageIO.class.getModule()) {
        return reader;
      }
      found = found == null ? reader : found;
    }
    if (found == null) {
      throw new ImageException(name + ": " + describe(bytes));
    }
    return found;
  }

  private static String describe(byte[] bytes) {
    if (ExifOrientation.matches(bytes, 0, "RIFF") && ExifOrientation.matches(bytes, 8, "WEBP")) {
      return "a WebP image; reading it needs com.twelvemonkeys.imageio:imageio-webp on the class path";
    }
    if (ExifOrientation.matches(bytes, 4, "ftyp")) {
      return "an HEIC, AVIF or video file; expected JPEG, PNG, GIF or BMP";
    }
    return "not an image in a known format; expected JPEG, PNG, GIF or BMP";
  }

  private static String reason(Throwable e) {
    // Of these the message is the path alone, which the caller names anyway.
    if (e instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (e instanceof FileSystemException file && file.getReason() == null) {
      return e.getClass().getSimpleName();
    }
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      String message = cause.getMessage();
      boolean introduces =
          message != null && message.strip().endsWith(":") && cause.getCause() != null;
      if (message != null && !message.isBlank() && !introduces) {
        return message.lines().findFirst().orElse("").strip();
      }
    }
    return e.getClass().getSimpleName();
  }

  /**
   * Remembers whether the reader asked for more than there is: where a JPEG ends early, libjpeg
   * fills the rest with grey and only warns, in the language of the machine.
   */
  private static final class EndNotingStream extends MemoryCacheImageInputStream {
    private boolean passedEnd;

    EndNotingStream(byte[] bytes) {
      super(new ByteArrayInputStream(bytes));
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      int count = super.read(target, offset, length);
      passedEnd |= count < 0;
      return count;
    }

    boolean passedEnd() {
      return passedEnd;
    }
  }
}
