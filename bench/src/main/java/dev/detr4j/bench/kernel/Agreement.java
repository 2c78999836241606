package dev.detr4j.bench.kernel;

import dev.detr4j.op.SoftNms;
import java.util.List;

/** Whoever is timed must compute the same first. */
final class Agreement {
  /** A score on the threshold may fall on either side of it. */
  private static final int DECAYED_TO_THE_THRESHOLD = 2;

  private Agreement() {}

  /**
   * Compares the output of each contender with that of the first.
   *
   * @throws IllegalStateException when one differs by more than twice the tolerance of the case:
   *     each of both may be off by once
   */
  static void check(KernelCase kernel, List<KernelContender> contenders) {
    float[] expected = contenders.getFirst().output();
    int slack = kernel.op() instanceof SoftNms ? DECAYED_TO_THE_THRESHOLD : 0;
    for (KernelContender contender : contenders.subList(1, contenders.size())) {
      float[] actual = contender.output();
      String where =
          "%s: %s does not compute what %s computes: "
              .formatted(kernel.name(), contender.name(), contenders.getFirst().name());
      if (Math.abs(expected.length - actual.length) > slack) {
        throw new IllegalStateException(
            where + "%d numbers, expected %d".formatted(actual.length, expected.length));
      }
      for (int i = 0; i < Math.min(expected.length, actual.length); i++) {
        if (!(Math.abs(expected[i] - actual[i]) <= 2 * kernel.tolerance())) {
          throw new IllegalStateException(
              where
                  + "element %d is %s, expected %s within %.1e"
                      .formatted(i, actual[i], expected[i], 2 * kernel.tolerance()));
        }
      }
    }
  }
}
