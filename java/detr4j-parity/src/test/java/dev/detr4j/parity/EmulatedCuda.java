package dev.detr4j.parity;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.BackendProviders;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * The emulated CUDA device for the tests of this module: {@code -D}{@value #PATH} names its
 * library, which otherwise is that of this build; {@value #SEED} draws what a run leaves to chance,
 * and {@code -D}{@value #ALL} leaves nothing out.
 */
final class EmulatedCuda {
  private static final String ALL = "detr4j.test.long";
  private static final String SEED = "detr4j.cuda.seed";
  private static final String PATH = "detr4j.cuda.path";
  private static final Path BUILT = Path.of("..", "..", "native", "target", "build", "cuda");

  private static boolean pathWasSet;

  private EmulatedCuda() {}

  /** Makes backend cuda the emulated one, until {@link #forget}. */
  static void ask() {
    pathWasSet = System.getProperty(PATH) != null;
    System.setProperty("detr4j.cuda", "emulated");
    if (!pathWasSet) {
      System.setProperty(PATH, BUILT.toAbsolutePath().normalize().toString());
    }
  }

  static void forget() {
    System.clearProperty("detr4j.cuda");
    if (!pathWasSet) {
      System.clearProperty(PATH);
    }
  }

  /** Why it cannot be used, or null. */
  static @Nullable String unavailable() {
    return BackendProviders.of(BackendKind.CUDA).unavailable(new BackendOptions(1, null, 0));
  }

  /** A missing library narrows a test, unless the build says that it must be there. */
  static void requireAvailable() {
    String reason = unavailable();
    if (reason == null) {
      return;
    }
    String required = System.getProperty("detr4j.test.requireBackends", "");
    if (List.of(required.split(",", -1)).contains(BackendKind.CUDA.id())) {
      fail(reason);
    }
    abort(reason);
  }

  /** Whether a run takes the cases that are left out for their time. */
  static boolean takesAll() {
    return Boolean.getBoolean(ALL);
  }

  /** All of these in the long form, otherwise one that the seed draws. */
  static <T> List<T> drawn(String what, List<T> all) {
    if (takesAll() || all.isEmpty()) {
      return all;
    }
    long seed = Long.getLong(SEED, System.nanoTime() & 0xffffff);
    System.out.println(what + ": " + SEED + " = " + seed);
    return new ArrayList<>(List.of(all.get(new Random(seed).nextInt(all.size()))));
  }
}
