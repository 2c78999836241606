package dev.detr4j.ffi;

import java.nio.file.Path;
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

  private final LibrarySearch.Found found;

  private NativeLibrary(LibrarySearch.Found found) {
    this.found = found;
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
        LibrarySearch search =
            new LibrarySearch(
                NAME,
                LibrarySettings.PATH,
                LibraryProbe::examine,
                NativesJar.current(NAME),
                LibrarySettings.current());
        library = new NativeLibrary(search.run());
      } catch (IllegalCallerException e) {
        throw new NativeLibraryException(NAME, List.of(NativeAccess.denied()), List.of(e));
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
    return found.file();
  }

  /**
   * Which place of the search held it: {@code detr4j.native.path}, {@code java.library.path} or
   * {@code natives jar}.
   */
  public String origin() {
    return found.origin();
  }

  /** One line for each library that was found before this one and could not be used. */
  public List<String> refused() {
    return found.refused();
  }

  /** File and origin in one line. */
  @Override
  public String toString() {
    return found.file() + " (" + found.origin() + ")";
  }
}
