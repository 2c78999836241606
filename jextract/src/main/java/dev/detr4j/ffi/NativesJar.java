package dev.detr4j.ffi;

import dev.detr4j.natives.PlatformFiles;
import java.io.IOException;
import java.io.InputStream;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/**
 * The library as the natives jar of a platform holds it.
 *
 * <p>A natives jar on the module path provides {@link PlatformFiles}. On the class path it
 * registers no service, because a jar merged from others may lose registrations: there the library
 * is the resource {@code dev/detr4j/natives/<platform>/<file>}. Jars of other platforms beside it
 * are passed over.
 *
 * @param platform whose library is wanted
 * @param file the name of the library's file there
 * @param resource where a class path holds that file
 */
record NativesJar(NativePlatform platform, String file, String resource) {
  /** The jar of this JVM's platform. */
  static NativesJar current(String library) {
    return of(NativePlatform.current(), library);
  }

  /** The jar with this classifier. */
  static NativesJar of(NativePlatform platform, String library) {
    return new NativesJar(platform, platform.file(library), platform.resource(library));
  }

  /**
   * The bytes of the library, or null where no jar holds it.
   *
   * @throws IOException when a jar holds it and it cannot be read
   */
  byte @Nullable [] read() throws IOException {
    try (InputStream stream = open()) {
      return stream == null ? null : stream.readAllBytes();
    } catch (IOException e) {
      throw new IOException(resource + ": " + e.getMessage(), e);
    }
  }

  /** Why {@link #read} found nothing, in one line. */
  String absent() {
    return "no resource "
        + resource
        + " on the class path or module path, which the jar detr4j-natives with classifier "
        + platform.name()
        + " has";
  }

  private @Nullable InputStream open() throws IOException {
    InputStream provided = provided();
    if (provided != null) {
      return provided;
    }
    ClassLoader loader = NativesJar.class.getClassLoader();
    return loader == null
        ? ClassLoader.getSystemResourceAsStream(resource)
        : loader.getResourceAsStream(resource);
  }

  private @Nullable InputStream provided() throws IOException {
    try {
      for (PlatformFiles files :
          ServiceLoader.load(PlatformFiles.class, NativesJar.class.getClassLoader())) {
        InputStream stream = files.platform().equals(platform.name()) ? files.open(file) : null;
        if (stream != null) {
          return stream;
        }
      }
      return null;
    } catch (ServiceConfigurationError e) {
      throw new IOException("a natives jar is broken: " + e.getMessage(), e);
    }
  }
}
