package dev.detr4j.image;

import dev.detr4j.error.ImageException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The optional library that decodes WebP, called by name: it is an automatic module without a name
 * of its own, which a published module must not require.
 */
final class WebpLibrary {
  private static final String DECODER = "org.ngengine.webp.decoder.WebPDecoder";
  private static final String DECODED = "org.ngengine.webp.decoder.DecodedWebP";

  private WebpLibrary() {}

  /** What was found when a WebP file came first. */
  private static final class Found {
    static final @Nullable MethodHandle DECODE = find();

    /** {@code byte[]} to the RGBA buffer, null where the library is absent. */
    private static @Nullable MethodHandle find() {
      try {
        ClassLoader loader = WebpLibrary.class.getClassLoader();
        Class<?> decoder = Class.forName(DECODER, true, loader);
        Class<?> decoded = Class.forName(DECODED, true, loader);
        MethodHandles.Lookup lookup = MethodHandles.publicLookup();
        MethodHandle decode =
            lookup.findStatic(decoder, "decode", MethodType.methodType(decoded, byte[].class));
        MethodHandle rgba = lookup.findGetter(decoded, "rgba", ByteBuffer.class);
        return MethodHandles.filterReturnValue(decode, rgba);
      } catch (ReflectiveOperationException | LinkageError e) {
        return null;
      }
    }
  }

  /** Decodes a still image to RGBA, row by row without gaps. */
  static ByteBuffer decode(EncodedImage image, byte[] file) {
    MethodHandle decode = Found.DECODE;
    if (decode == null) {
      throw new ImageException(
          image.name()
              + ": a WebP image; reading it needs org.ngengine:image-webp-decoder on the class"
              + " path");
    }
    try {
      return (ByteBuffer) decode.invokeExact(file);
    } catch (OutOfMemoryError e) {
      throw e;
    } catch (Throwable e) {
      throw image.damaged("WebP", ImageDecoder.reason(e), e);
    }
  }
}
