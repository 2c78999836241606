package dev.detr4j.ffi;

import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Where the user wants the library to be looked for.
 *
 * @param path the file or folder that must be used, or null to search
 * @param searched folders of {@code java.library.path}
 * @param caches folders to unpack the natives jar's library into, in order of preference
 */
record LibrarySettings(@Nullable Path path, List<Path> searched, List<Path> caches) {
  static final String PATH = "detr4j.native.path";
  static final String CACHE = "detr4j.native.cache";

  /**
   * The settings of this JVM: system property, else environment ({@code DETR4J_NATIVE_PATH}), else
   * default.
   */
  static LibrarySettings current() {
    return current(PATH);
  }

  /** The same for a library whose file or folder another setting names. */
  static LibrarySettings current(String pathSetting) {
    String path = setting(pathSetting);
    List<Path> searched = new ArrayList<>();
    for (String folder :
        System.getProperty("java.library.path", "").split(File.pathSeparator, -1)) {
      if (!folder.isBlank()) {
        searched.add(Path.of(folder));
      }
    }
    List<Path> caches = caches(System::getProperty, System::getenv, PrivateFolder::userNumber);
    return new LibrarySettings(path == null ? null : Path.of(path), searched, caches);
  }

  /**
   * The folders of {@link #caches}.
   *
   * @param number of the user of this process, whose files in a folder it may make; null where the
   *     system has no such numbers or the folder cannot be written
   */
  static List<Path> caches(
      Function<String, @Nullable String> properties,
      Function<String, @Nullable String> environment,
      Function<Path, @Nullable String> number) {
    List<Path> caches = new ArrayList<>();
    String cache = setting(CACHE, properties, environment);
    if (cache != null) {
      caches.add(Path.of(cache));
    }
    String xdg = environment.apply("XDG_CACHE_HOME");
    String home = properties.apply("user.home");
    if (xdg != null && Path.of(xdg).isAbsolute()) {
      caches.add(Path.of(xdg, "detr4j"));
    } else if (home != null && Path.of(home).isAbsolute()) {
      // Some containers report "?" for a user without an entry in passwd.
      caches.add(Path.of(home, ".cache", "detr4j"));
    }
    String named = properties.apply("java.io.tmpdir");
    Path temporary = Path.of(named == null ? "/tmp" : named);
    String user = user(properties.apply("user.name"), () -> number.apply(temporary));
    caches.add(temporary.resolve("detr4j-" + user));
    return caches;
  }

  /**
   * What tells this user's folder from those of others: a plain name, else the number. A user
   * without an entry in passwd is called "?", as all others of this kind are.
   */
  private static String user(@Nullable String name, Supplier<@Nullable String> number) {
    if (name != null && name.matches("[A-Za-z0-9_.-]+")) {
      return name;
    }
    String found = number.get();
    return found != null ? "uid-" + found : String.valueOf(name).replaceAll("[^A-Za-z0-9_.-]", "_");
  }

  /** A system property, else its environment variable, else null; what is blank is absent. */
  static @Nullable String setting(String property) {
    return setting(property, System::getProperty, System::getenv);
  }

  static @Nullable String setting(
      String property,
      Function<String, @Nullable String> properties,
      Function<String, @Nullable String> environment) {
    String value = properties.apply(property);
    if (value == null || value.isBlank()) {
      value = environment.apply(property.replace('.', '_').toUpperCase(Locale.ROOT));
    }
    return value == null || value.isBlank() ? null : value.strip();
  }
}
