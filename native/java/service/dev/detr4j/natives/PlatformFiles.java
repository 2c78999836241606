package dev.detr4j.natives;

import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * The library files of one platform, as the module of its natives jar provides them.
 *
 * <p>Only named modules provide this service. A natives jar registers nothing in {@code
 * META-INF/services}: on a class path, and in a jar that was merged from others, the loader finds
 * the same files as resources {@code dev/detr4j/natives/<platform>/<file>}.
 */
public interface PlatformFiles {
  /** Operating system and processor, as in {@code linux-x86_64}; also the jar's classifier. */
  String platform();

  /**
   * Opens a file of this platform; the caller closes it.
   *
   * @param file the name alone, as in {@code libdetr4j.so}
   * @return null when the jar holds no such file, as after a build without a C compiler
   * @throws IOException when the file is there and cannot be read
   */
  @Nullable InputStream open(String file) throws IOException;
}
