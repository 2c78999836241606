package dev.detr4j.ffi;

import dev.detr4j.ffi.generated.Detr4jCuda;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The CUDA library, found, checked and loaded into this class loader: from then on the bindings of
 * detr4j_cuda.h work.
 *
 * <p>There are two with the same functions: one for a device, and one that emulates a device on the
 * CPU, which nothing but {@code detr4j.cuda = emulated} asks for. A class loader has one of them.
 * They are looked for as {@link NativeLibrary} is, with {@code detr4j.cuda.path} in place of its
 * setting; the jar of the one for a device is {@code detr4j-natives} with the classifier of the
 * platform and {@value #TOOLKIT}, and no jar holds the emulated one.
 */
public final class CudaLibrary {
  /** The setting that asks for the emulated library: {@value #EMULATED}. */
  public static final String SETTING = "detr4j.cuda";

  /** The value of {@link #SETTING} that asks for the emulated library. */
  public static final String EMULATED = "emulated";

  /** The setting that names the device, by number. */
  public static final String DEVICE = "detr4j.cuda.device";

  private static final String PATH = "detr4j.cuda.path";
  private static final String TOOLKIT = "cuda13";
  private static final int LONGEST_NAME = 64;

  private static @Nullable CudaLibrary loaded;

  private final String name;
  private final LibrarySearch.Found found;

  private CudaLibrary(String name, LibrarySearch.Found found) {
    this.name = name;
    this.found = found;
  }

  /** What {@link #SETTING} holds, or null. */
  public static @Nullable String requested() {
    return LibrarySettings.setting(SETTING);
  }

  /** What {@link #DEVICE} holds, or null. */
  public static @Nullable String device() {
    return LibrarySettings.setting(DEVICE);
  }

  /**
   * The library for a device, loaded at the first call. A failure is not remembered.
   *
   * @throws NativeLibraryException when no place holds a usable library; it names each with the
   *     reason
   */
  public static synchronized CudaLibrary load() {
    return load("detr4j_cuda", false);
  }

  /**
   * The emulated library, loaded at the first call. A failure is not remembered.
   *
   * @throws NativeLibraryException as above
   */
  public static synchronized CudaLibrary loadEmulated() {
    return load("detr4j_cuda_emulated", true);
  }

  /** The file that was loaded. */
  public Path file() {
    return found.file();
  }

  /** Which kernels it has, as {@code native/cuda/VERIFIED.md} names them. */
  public String kernels() {
    return Detr4jCuda.detr4j_cuda_kernels().reinterpret(LONGEST_NAME).getString(0);
  }

  private static CudaLibrary load(String name, boolean emulated) {
    CudaLibrary library = loaded;
    if (library == null) {
      try {
        LibrarySearch search =
            new LibrarySearch(
                name,
                PATH,
                file -> LibraryProbe.examineCuda(file, emulated),
                emulated ? null : NativesJar.of(NativePlatform.current().with(TOOLKIT), name),
                LibrarySettings.current(PATH));
        library = new CudaLibrary(name, search.run());
      } catch (IllegalCallerException e) {
        throw new NativeLibraryException(name, List.of(NativeAccess.denied()), List.of(e));
      }
      loaded = library;
    }
    if (!library.name.equals(name)) {
      throw new NativeLibraryException(
          name, List.of("this process has loaded " + library.file() + " in its place"), List.of());
    }
    return library;
  }
}
