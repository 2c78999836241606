package dev.detr4j.ffi;

import dev.detr4j.ffi.LibraryRefused.Stage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The C kernel library, found, checked and loaded into this class loader: from then on the
 * generated bindings work.
 *
 * <p>Looked for in this order: the file or folder that {@code detr4j.native.path} names, which must
 * be usable; the folders of {@code java.library.path}; the natives jar, whose library is unpacked
 * into {@code detr4j.native.cache}, else {@code detr4j} in {@code XDG_CACHE_HOME} or {@code
 * ~/.cache}, else a folder of this user in {@code java.io.tmpdir}. A folder from which the system
 * refuses to map code (mounted noexec) leads to the next. Nothing is downloaded.
 *
 * <p>A library is examined before it is loaded: the functions it exports, its ABI version, the
 * layout of every parameter struct, and a kernel run on one element. The JVM ties a library file to
 * one class loader, so where another one holds the file (a redeployed web application, say) a
 * private copy is loaded. It is unloaded with its class loader.
 */
public final class NativeLibrary {
  private static final String NAME = "detr4j";

  private static @Nullable NativeLibrary loaded;

  private final Path file;
  private final String origin;
  private final List<String> refused;

  private NativeLibrary(Path file, String origin, List<String> refused) {
    this.file = file;
    this.origin = origin;
    this.refused = List.copyOf(refused);
  }

  /**
   * The library of this class loader, loaded at the first call. A failure is not remembered.
   *
   * @throws NativeLibraryException when no place holds a usable library; it names each with the
   *     reason
   */
  public static synchronized NativeLibrary load() {
    NativeLibrary library = loaded;
    if (library == null) {
      try {
        library = new Search(LibrarySettings.current()).run();
      } catch (IllegalCallerException e) {
        throw new NativeLibraryException(List.of(NativeAccess.denied()), List.of(e));
      }
      loaded = library;
    }
    return library;
  }

  /** The file or folder that {@code detr4j.native.path} says must be used, or null. */
  public static @Nullable String demanded() {
    return LibrarySettings.setting(LibrarySettings.PATH);
  }

  /** The file that was loaded; a private copy may be gone from the disk by now. */
  public Path file() {
    return file;
  }

  /**
   * Which place of the search held it: {@code detr4j.native.path}, {@code java.library.path} or
   * {@code natives jar}.
   */
  public String origin() {
    return origin;
  }

  /** One line for each library that was found before this one and could not be used. */
  public List<String> refused() {
    return refused;
  }

  /** File and origin in one line. */
  @Override
  public String toString() {
    return file + " (" + origin + ")";
  }

  /** One search; collects a line for each place that did not serve. */
  private static final class Search {
    private final LibrarySettings settings;
    private final List<String> lines = new ArrayList<>();
    private final List<String> refused = new ArrayList<>();
    private final List<Exception> causes = new ArrayList<>();

    Search(LibrarySettings settings) {
      this.settings = settings;
    }

    NativeLibrary run() {
      Path named = settings.path();
      NativeLibrary found = named != null ? fromPath(named) : fromLibraryPath();
      if (found == null && named == null) {
        found = fromNativesJar();
      }
      if (found == null) {
        throw new NativeLibraryException(lines, causes);
      }
      return found;
    }

    private @Nullable NativeLibrary fromPath(Path named) {
      Path file = Files.isDirectory(named) ? named.resolve(System.mapLibraryName(NAME)) : named;
      if (!Files.isRegularFile(file)) {
        lines.add(LibrarySettings.PATH + " = " + named + ": no file " + file);
        return null;
      }
      try {
        return open(file, LibrarySettings.PATH);
      } catch (LibraryRefused e) {
        note(LibrarySettings.PATH, e);
        return null;
      }
    }

    private @Nullable NativeLibrary fromLibraryPath() {
      String origin = "java.library.path";
      String fileName = System.mapLibraryName(NAME);
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

    private @Nullable NativeLibrary fromNativesJar() {
      String origin = "natives jar";
      NativesJar jar = NativesJar.current(NAME);
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

    private NativeLibrary open(Path named, String origin) throws LibraryRefused {
      Path file;
      try {
        file = named.toRealPath();
      } catch (IOException e) {
        throw new LibraryRefused(Stage.PLACE, named + ": " + reason(e), e);
      }
      LibraryProbe.examine(file);
      try {
        System.load(file.toString());
        return new NativeLibrary(file, origin, refused);
      } catch (UnsatisfiedLinkError e) {
        // The system has just opened this file for the probe: what refuses it is the JVM, which
        // ties a file to one class loader. If it is something else, a copy fails as well.
        return new NativeLibrary(loadCopy(file, e), origin + ", private copy", refused);
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
}
