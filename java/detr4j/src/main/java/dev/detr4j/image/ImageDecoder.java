package dev.detr4j.image;

import dev.detr4j.error.ImageException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Reads image files into packed RGB, byte for byte as Pillow's {@code convert("RGB")} does: JPEG,
 * PNG, GIF, BMP and, with {@code org.ngengine:image-webp-decoder} on the class or module path,
 * WebP. Of an animation the first frame is read, on its canvas. Other formats are refused, whatever
 * ImageIO plug-ins there are: decode such files yourself and use {@link ImageView}.
 *
 * <p>Transparency is dropped without blending, colour profiles are not applied, CMYK is read as
 * Adobe writes it, grey of 16 bits is cut off at 255 as Pillow does it. JPEGs that break the
 * standard in ways that libjpeg forgives are read: bytes between segments, damaged application
 * segments and profiles, missing Huffman tables, a missing end marker after the last row. Where
 * their entropy-coded data itself is damaged, or the last scans of a progressive one are missing,
 * pixels may differ from Pillow's. Not supported are JPEGs with arithmetic coding, lossless ones
 * and those of more than 8 bits.
 *
 * <p>A file that breaks its format is called damaged, one that this class does not read is called
 * not supported. The size is checked before memory for pixels is taken; a truncated file is an
 * error, not a half-grey picture. Nothing is cached on disk. Every failure is an {@link
 * ImageException} of one line that names the image.
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
    return decode(readAll(stream, name), name, arena);
  }

  /**
   * Reads what is left of a stream, an encoded image, and leaves the stream open. Of more than an
   * encoded image may have, one byte too many is read, which {@link #decode(byte[], String)}
   * refuses.
   *
   * @param name what to call the image in messages
   */
  public static byte[] readAll(InputStream stream, String name) {
    try {
      return stream.readNBytes(MAX_FILE_BYTES + 1);
    } catch (IOException e) {
      throw new ImageException(name + ": cannot be read: " + reason(e), e);
    }
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
    ImageFormat format =
        ImageFormat.of(bytes)
            .orElseThrow(() -> new ImageException(name + ": " + ImageFormat.describeOther(bytes)));
    ImageView stored = read(new EncodedImage(bytes, name, maxPixels, arena), format);
    return orientation == Orientation.APPLY
        ? Upright.turn(stored, ExifOrientation.of(bytes, format), arena)
        : stored;
  }

  private static ImageView read(EncodedImage image, ImageFormat format) {
    String shown = format == ImageFormat.WEBP ? "WebP" : format.name();
    try {
      return switch (format) {
        case JPEG -> ImageIoReader.readJpeg(image);
        case PNG -> ImageIoReader.readPng(image);
        case GIF -> GifReader.read(image);
        case BMP, DIB ->
            ImageIoReader.readBitmap(
                image, BitmapHeader.read(image, format == ImageFormat.DIB).normalised());
        case WEBP -> WebpReader.read(image);
      };
    } catch (ImageException e) {
      throw e;
    } catch (IOException | RuntimeException | OutOfMemoryError e) {
      // Readers meet damaged files with all kinds of unchecked exceptions, and wrap what they meet.
      for (Throwable cause = e; cause != null; cause = cause.getCause()) {
        if (cause instanceof OutOfMemoryError) {
          throw new ImageException(
              image.name() + ": not enough memory to decode this " + shown + " image; raise -Xmx",
              e);
        }
      }
      Throwable root = e;
      while (root.getCause() != null) {
        root = root.getCause();
      }
      String why = reason(e);
      String first = reason(root);
      throw image.damaged(shown, first.equals(why) ? why : why + ": " + first, e);
    }
  }

  /** The first line that says what went wrong. */
  static String reason(Throwable e) {
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
}
