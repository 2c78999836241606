package dev.detr4j.ffi;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The CUDA library, found, checked and loaded into this class loader: from then on the bindings of
 * detr4j_cuda.h work.
 *
 * <p>There are two with the same functions: one for a device, and one that emulates a device on the
 * CPU. A class loader has one of them. Looked for in this order: the file or folder that {@code
 * detr4j.cuda.path} names, which must be usable; the folders of {@code java.library.path}. No jar
 * holds either library yet.
 */
public final class CudaLibrary {
  /** The setting that asks for the emulated library: {@value #EMULATED}. */
  public static final String SETTING = "detr4j.cuda";

  /** The value of {@link #SETTING} that asks for the emulated library. */
  public static final String EMULATED = "emulated";

  private static final String PATH = "detr4j.cuda.path";

  private static @Nullable CudaLibrary loaded;

  private final Path file;

  private CudaLibrary(Path file) {
    this.file = file;
  }

  /** What {@link #SETTING} holds, or null. */
  public static @Nullable String requested() {
    return LibrarySettings.setting(SETTING);
  }

  /**
   * The emulated library, loaded at the first call. A failure is not remembered.
   *
   * @throws NativeLibraryException when no place holds a usable library; it names each with the
   *     reason
   */
  public static synchronized CudaLibrary loadEmulated() {
    CudaLibrary library = loaded;
    if (library == null) {
      try {
        library = search("detr4j_cuda_emulated");
      } catch (IllegalCallerException e) {
        throw new NativeLibraryException(
            "detr4j_cuda_emulated", List.of(NativeAccess.denied()), List.of(e));
      }
      loaded = library;
    }
    return library;
  }

  /** The file that was loaded. */
  public Path file() {
    return file;
  }

  private static CudaLibrary search(String name) {
    String fileName = System.mapLibraryName(name);
    List<String> reasons = new ArrayList<>();
    List<Exception> causes = new ArrayList<>();
    for (Path candidate : candidates(fileName, reasons)) {
      try {
        Path real = candidate.toRealPath();
        LibraryProbe.examineCuda(real, true);
        System.load(real.toString());
        return new CudaLibrary(real);
      } catch (LibraryRefused | IOException e) {
        reasons.add(String.valueOf(e.getMessage()));
        causes.add(e);
      } catch (UnsatisfiedLinkError e) {
        reasons.add(candidate + ": the JVM does not load it: " + e.getMessage());
      }
    }
    throw new NativeLibraryException(name, reasons, causes);
  }

  /** The files to try; where there is none, the reasons say what was looked at. */
  private static List<Path> candidates(String fileName, List<String> reasons) {
    String named = LibrarySettings.setting(PATH);
    List<Path> found = new ArrayList<>();
    if (named != null) {
      Path path = Path.of(named);
      Path file = Files.isDirectory(path) ? path.resolve(fileName) : path;
      if (Files.isRegularFile(file)) {
        found.add(file);
      } else {
        reasons.add(PATH + " = " + named + ": no file " + file);
      }
      return found;
    }
    for (String folder :
        System.getProperty("java.library.path", "").split(File.pathSeparator, -1)) {
      if (!folder.isBlank() && Files.isRegularFile(Path.of(folder, fileName))) {
        found.add(Path.of(folder, fileName));
      }
    }
    if (found.isEmpty()) {
      reasons.add("java.library.path: no " + fileName + " in its folders; " + PATH + " is not set");
    }
    return found;
  }
}
