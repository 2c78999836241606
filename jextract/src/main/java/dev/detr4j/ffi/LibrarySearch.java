package dev.detr4j.ffi;

import dev.detr4j.ffi.LibraryRefused.Stage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One search for a library: the file or folder that a setting names, which must be usable; else the
 * folders of {@code java.library.path}; else a natives jar, whose library is unpacked into the
 * first folder of the settings that the system maps code from. Collects a line for each place that
 * did not serve.
 */
final class LibrarySearch {
  /** Examines a file before it is loaded for good. */
  interface Examination {
    /**
     * Returns when the library is what the bindings expect.
     *
     * @throws LibraryRefused when it is not
     */
    void examine(Path file) throws LibraryRefused;
  }

  /**
   * A library that was loaded.
   *
   * @param file that was loaded; a private copy may be gone from the disk by now
   * @param origin which place of the search held it
   * @param refused a line for each library that was found before this one and could not be used
   */
  record Found(Path file, String origin, List<String> refused) {
    /** Copies the list. */
    Found {
      refused = List.copyOf(refused);
    }
  }

  private final String name;
  private final String pathSetting;
  private final Examination examination;
  private final @Nullable NativesJar jar;
  private final LibrarySettings settings;
  private final List<String> lines = new ArrayList<>();
  private final List<String> refused = new ArrayList<>();
  private final List<Exception> causes = new ArrayList<>();

  /**
   * A search that was not run yet.
   *
   * @param name of the library, without what the system puts around it
   * @param pathSetting the setting that {@code settings.path()} came from, for messages
   * @param jar that may hold it; null where no jar does
   */
  LibrarySearch(
      String name,
      String pathSetting,
      Examination examination,
      @Nullable NativesJar jar,
      LibrarySettings settings) {
    this.name = name;
    this.pathSetting = pathSetting;
    this.examination = examination;
    this.jar = jar;
    this.settings = settings;
  }

  /**
   * Loads the first usable library.
   *
   * @throws NativeLibraryException when no place holds one; it names each with the reason
   */
  Found run() {
    Path named = settings.path();
    Found found = named != null ? fromPath(named) : fromLibraryPath();
    if (found == null && named == null) {
      found = fromNativesJar();
    }
    if (found == null) {
      throw new NativeLibraryException(name, lines, causes);
    }
    return found;
  }

  private @Nullable Found fromPath(Path named) {
    Path file = Files.isDirectory(named) ? named.resolve(System.mapLibraryName(name)) : named;
    if (!Files.isRegularFile(file)) {
      lines.add(pathSetting + " = " + named + ": no file " + file);
      return null;
    }
    try {
      return open(file, pathSetting);
    } catch (LibraryRefused e) {
      note(pathSetting, e);
      return null;
    }
  }

  private @Nullable Found fromLibraryPath() {
    String origin = "java.library.path";
    String fileName = System.mapLibraryName(name);
    for (Path folder : settings.searched()) {
      Path file = folder.resolve(fileName);
      if (Files.isRegularFile(file)) {
        try {
          return open(file, origin);
        } catch (LibraryRefused e) {
          note(origin, e);
        }
      }
    }
    lines.add(origin + ": no usable " + fileName + " in its folders");
    return null;
  }

  private @Nullable Found fromNativesJar() {
    String origin = "natives jar";
    if (jar == null) {
      return null;
    }
    byte[] content;
    try {
      content = jar.read();
    } catch (IOException e) {
      note(origin, new LibraryRefused(Stage.CONTENT, reason(e), e));
      return null;
    }
    if (content == null) {
      lines.add(origin + ": " + jar.absent());
      return null;
    }
    String fileName = jar.file();
    for (Path folder : settings.caches()) {
      try {
        Path file;
        try {
          file = PrivateFolder.open(folder).place(fileName, content);
        } catch (IOException e) {
          throw new LibraryRefused(
              Stage.PLACE, folder + ": cannot hold the library: " + reason(e), e);
        }
        return open(file, origin);
      } catch (LibraryRefused e) {
        note(origin, e);
        if (e.stage() == Stage.CONTENT) {
          return null;
        }
      }
    }
    return null;
  }

  private void note(String origin, LibraryRefused refusal) {
    String line = origin + ": " + refusal.getMessage();
    lines.add(line);
    refused.add(line);
    causes.add(refusal);
  }

  private Found open(Path named, String origin) throws LibraryRefused {
    Path file;
    try {
      file = named.toRealPath();
    } catch (IOException e) {
      throw new LibraryRefused(Stage.PLACE, named + ": " + reason(e), e);
    }
    examination.examine(file);
    try {
      System.load(file.toString());
      return new Found(file, origin, refused);
    } catch (UnsatisfiedLinkError e) {
      // The system has just opened this file for the probe: what refuses it is the JVM, which
      // ties a file to one class loader. If it is something else, a copy fails as well.
      return new Found(loadCopy(file, e), origin + ", private copy", refused);
    }
  }

  /** Loads a copy of a file that this class loader cannot have, as the JVM's refusal says. */
  private Path loadCopy(Path file, UnsatisfiedLinkError refusal) throws LibraryRefused {
    List<String> refusals = new ArrayList<>();
    for (Path folder : settings.caches()) {
      Path copy = null;
      try {
        copy =
            PrivateFolder.open(folder)
                .placeCopy(file.getFileName().toString(), Files.readAllBytes(file));
        System.load(copy.toString());
        return copy;
      } catch (IOException e) {
        refusals.add(folder + ": " + reason(e));
      } catch (UnsatisfiedLinkError e) {
        refusals.add(String.valueOf(e.getMessage()));
      } finally {
        remove(copy);
      }
    }
    throw new LibraryRefused(
        Stage.PLACE,
        file
            + ": the JVM does not load it ("
            + refusal.getMessage()
            + "), and no folder takes a copy: "
            + String.join("; ", refusals),
        refusal);
  }

  /** A mapped file needs no name; systems that insist on one get it removed when the JVM ends. */
  private static void remove(@Nullable Path copy) {
    if (copy != null && !copy.toFile().delete()) {
      copy.toFile().deleteOnExit();
    }
  }

  private static String reason(IOException e) {
    return e.getClass().getSimpleName() + ": " + e.getMessage();
  }
}
