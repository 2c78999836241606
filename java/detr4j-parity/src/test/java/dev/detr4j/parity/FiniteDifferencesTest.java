package dev.detr4j.parity;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.reference.ReferenceBackendProvider;
import dev.detr4j.error.CheckpointException;
import dev.detr4j.json.JsonObject;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * The gradients of every operation against differences of its outputs, in which no gradient code
 * takes part. {@code reference} sums in double; only what it stores is fp32, so a difference of
 * outputs over a step h is off by their roundings over h. For each input and weight, the elements
 * with the greatest gradients are moved one at a time.
 */
class FiniteDifferencesTest {
  private static final Path FOLDER = Path.of("../../weights/golden-training/ops");

  private static final int ELEMENTS = 3;

  /** Half a unit in the last place of a float. */
  private static final double ROUNDING = 0x1p-24;

  /**
   * Where the slopes on the two sides differ by more than this share of the greatest gradient,
   * there is a kink between them, or the step is too long. A lesser kink makes the difference at
   * most half as wrong as it is large.
   */
  private static final double JUMP = 0.01;

  /** Of the greatest gradient of a tensor, for gradients that are fp32 numbers themselves. */
  private static final double FLOOR = 1e-5;

  @TestFactory
  Stream<DynamicTest> agreeWithDifferences() {
    return JsonObject.read(FOLDER.resolve("index.json"), CheckpointException::new)
        .objects("cases")
        .stream()
        .filter(entry -> !entry.string("op").matches(".*loss|cross_entropy"))
        .map(entry -> dynamicTest(entry.string("case"), () -> check(entry)));
  }

  private static void check(JsonObject entry) {
    try (Backend backend = new ReferenceBackendProvider().open(new BackendOptions(1, null, 0))) {
      OperationCase still = new OperationCase(entry);
      Map<String, float[]> found = still.run(backend);
      Point point = new Point(entry, backend, still.loss(found), still.norm(found));
      int compared = 0;
      for (Map.Entry<String, float[]> each : new TreeMap<>(found).entrySet()) {
        if (each.getKey().startsWith("gradient.")) {
          compared += compare(point, each.getKey().substring(9), each.getValue());
        }
      }
      assertTrue(compared > 0, "every element that was tried is at a kink");
    }
  }

  private static int compare(Point point, String input, float[] gradient) {
    float greatest = 0;
    for (float value : gradient) {
      greatest = Math.max(greatest, Math.abs(value));
    }
    int[] elements =
        IntStream.range(0, gradient.length)
            .boxed()
            .sorted((a, b) -> Float.compare(Math.abs(gradient[b]), Math.abs(gradient[a])))
            .limit(ELEMENTS)
            .mapToInt(Integer::intValue)
            .toArray();
    int compared = 0;
    for (int element : elements) {
      for (double step = 0x1p-5; step >= 0x1p-11; step /= 8) {
        OptionalDouble off = point.difference(input, element, step, gradient[element], greatest);
        if (off.isPresent()) {
          compared++;
          break;
        }
      }
    }
    return compared;
  }

  /** Where differences are taken, and the loss there. */
  private record Point(JsonObject entry, Backend backend, double loss, double norm) {
    private double at(String input, int element, float value) {
      OperationCase moved = new OperationCase(entry).with(input, element, value);
      return moved.loss(moved.run(backend));
    }

    /**
     * Compares a gradient with the slope over one step, from which that over two takes the error of
     * the second order.
     *
     * @return the difference, or nothing where a kink is nearer than the step
     */
    OptionalDouble difference(
        String input, int element, double step, float gradient, double greatest) {
      float here = new OperationCase(entry).given(input)[element];
      IntFunction<Float> place = steps -> (float) (here + steps * step);
      double before = at(input, element, place.apply(-1));
      double after = at(input, element, place.apply(1));
      double one = (after - before) / ((double) place.apply(1) - place.apply(-1));
      double two =
          (at(input, element, place.apply(2)) - at(input, element, place.apply(-2)))
              / ((double) place.apply(2) - place.apply(-2));
      double rounding = 4 * ROUNDING * norm / step;
      double left = (loss - before) / ((double) here - place.apply(-1));
      double right = (after - loss) / ((double) place.apply(1) - here);
      if (Math.abs(right - left) > JUMP * greatest + 2 * rounding
          || Math.abs(one - two) > JUMP * greatest + 2 * rounding) {
        return OptionalDouble.empty();
      }
      double slope = (4 * one - two) / 3;
      double limit =
          rounding + Math.abs(one - two) / 3 + Math.abs(right - left) / 2 + FLOOR * greatest;
      double off = Math.abs(slope - gradient);
      if (!(off <= limit)) {
        throw new AssertionError(
            String.format(
                Locale.ROOT,
                "%s element %d: gradient %.8g, slope %.8g over steps of %.2g, limit %.2g",
                input,
                element,
                gradient,
                slope,
                step,
                limit));
      }
      return OptionalDouble.of(off);
    }
  }
}
