package dev.detr4j.ffi;

import java.util.Locale;

/**
 * An operating system and CPU as the natives jar names them.
 *
 * @param name {@code <os>-<arch>}, also the classifier of the natives jar, as in {@code
 *     linux-x86_64}
 */
public record NativePlatform(String name) {
  /** The platform of this JVM; one that detr4j does not know keeps the JVM's own words. */
  public static NativePlatform current() {
    return of(System.getProperty("os.name"), System.getProperty("os.arch"));
  }

  static NativePlatform of(String osName, String osArch) {
    String os = osName.toLowerCase(Locale.ROOT);
    if (os.startsWith("mac")) {
      os = "macos";
    } else if (os.startsWith("windows")) {
      os = "windows";
    }
    String arch = osArch.equals("amd64") ? "x86_64" : osArch;
    return new NativePlatform(os + "-" + arch);
  }

  /** The same with a driver or toolkit, as in {@code linux-x86_64-cuda13}. */
  NativePlatform with(String toolkit) {
    return new NativePlatform(name + "-" + toolkit);
  }

  /** The name of a library's file on this platform, as in {@code libdetr4j.so}. */
  public String file(String library) {
    return switch (name.substring(0, name.indexOf('-'))) {
      case "macos" -> "lib" + library + ".dylib";
      case "windows" -> library + ".dll";
      default -> "lib" + library + ".so";
    };
  }

  /** The resource that holds a library of this platform, as in {@code dev/detr4j/natives/…}. */
  public String resource(String library) {
    return "dev/detr4j/natives/" + name + "/" + file(library);
  }
}
