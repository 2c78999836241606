package dev.detr4j.backend.parity;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The emulated CUDA library of this build, for JVMs of their own: a kernel that breaks a rule ends
 * the process.
 */
public final class EmulatedDevice {
  private static final String PATH = "detr4j.cuda.path";
  private static final String SEED = "detr4j.cuda.seed";

  /** Where the build of native/ leaves it. */
  private static final Path BUILT = Path.of("..", "..", "native", "target", "build", "cuda");

  private EmulatedDevice() {}

  /** Why it cannot be used, or null when it can. */
  public static @Nullable String unavailable() {
    Path file = folder().resolve(System.mapLibraryName("detr4j_cuda_emulated"));
    return Files.isRegularFile(file)
        ? null
        : "there is no " + file + "; the build of native/ makes it where a C++ compiler is";
  }

  /** The options of a JVM whose backend cuda runs on it. */
  static List<String> options() {
    return List.of("-Ddetr4j.cuda=emulated", "-D" + PATH + "=" + folder());
  }

  /** Sets the order of threads and copies of that JVM: drawn anew and printed, or {@link #SEED}. */
  static void drawOrder(Map<String, String> environment) {
    String seed = System.getProperty(SEED, Long.toString(System.nanoTime() & 0xffffff));
    System.out.println("op parity: cuda is emulated with " + SEED + " = " + seed);
    environment.put("DETR4J_EMULATION_SEED", seed);
  }

  /** The folder that should hold it. */
  public static Path folder() {
    String named = System.getProperty(PATH);
    return (named == null ? BUILT : Path.of(named)).toAbsolutePath().normalize();
  }
}
