package dev.detr4j.image;

import dev.detr4j.error.ImageException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A file on its way to pixels.
 *
 * @param bytes the whole file, not changed
 * @param name what to call the image in messages
 * @param maxPixels the largest accepted width times height
 * @param arena where pixels are allocated
 */
record EncodedImage(byte[] bytes, String name, long maxPixels, Arena arena) {

  /** Memory for packed RGB, once the size is known to be within the limit. */
  MemorySegment allocate(PixelSize size) {
    checkSize(size);
    try {
      return arena.allocate(3 * size.pixels());
    } catch (OutOfMemoryError e) {
      throw new ImageException(
          "%s: no memory outside the heap for %s pixels, %d MB; decode fewer images at once or raise -XX:MaxDirectMemorySize"
              .formatted(name, size, (3 * size.pixels()) >> 20),
          e);
    }
  }

  /** Refuses a size before memory is taken for it. */
  void checkSize(PixelSize size) {
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

  /** The file breaks its format. */
  ImageException damaged(String format, String why) {
    return new ImageException(name + ": damaged or truncated " + format + " image: " + why);
  }

  /** The same, met by a library. */
  ImageException damaged(String format, String why, Throwable cause) {
    return new ImageException(name + ": damaged or truncated " + format + " image: " + why, cause);
  }

  /** The file may be sound, and this library does not read such. */
  ImageException notSupported(String what) {
    return new ImageException(name + ": " + what + " is not supported");
  }
}
