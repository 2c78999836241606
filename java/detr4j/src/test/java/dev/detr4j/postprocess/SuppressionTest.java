package dev.detr4j.postprocess;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.detr4j.golden.GoldenFolder;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** {@link Nms} and {@link SoftNms} against torchvision and both implementations of birder. */
class SuppressionTest {
  private static final GoldenFolder GOLDEN = new GoldenFolder("prepost");
  private static final Map<String, GoldenFolder.Tensor> STORED =
      GOLDEN.tensors("softnms/softnms.safetensors");
  private static final List<?> CASES = (List<?>) GOLDEN.object("softnms/softnms.json").get("cases");

  /** birder's own tolerance between its two implementations. */
  private static void assertScores(float[] expected, float[] actual, String name) {
    assertEquals(expected.length, actual.length, name);
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], actual[i], 1e-6f + 1e-5f * Math.abs(expected[i]), name + " " + i);
    }
  }

  @ParameterizedTest
  @EnumSource(SoftNms.Flavour.class)
  void gaussianEqualsBirder(SoftNms.Flavour flavour) {
    String stored = flavour == SoftNms.Flavour.PYTHON ? "py" : "cpp";
    assertEquals(60, CASES.size());
    for (Object entry : CASES) {
      Map<?, ?> golden = (Map<?, ?>) entry;
      double sigma = ((Number) golden.get("sigma")).doubleValue();
      soft(
          golden,
          stored,
          new SoftNms.Settings(SoftNms.Decay.GAUSSIAN, flavour, sigma, 0, threshold(golden)));
    }
  }

  @ParameterizedTest
  @EnumSource(SoftNms.Flavour.class)
  void linearEqualsTheFormulaInDouble(SoftNms.Flavour flavour) {
    for (Object entry : CASES) {
      Map<?, ?> golden = (Map<?, ?>) entry;
      soft(
          golden,
          "linear",
          new SoftNms.Settings(SoftNms.Decay.LINEAR, flavour, 0, 0.3, threshold(golden)));
    }
  }

  @Test
  void hardDecayAndNmsEqualTorchvision() {
    for (Object entry : CASES) {
      String id = (String) ((Map<?, ?>) entry).get("id");
      Input input = new Input(id);
      int[] keep = new int[input.count()];
      int kept =
          new Nms(input.count())
              .perClass(input.boxes, input.scores, input.labels, input.count(), 0.5, keep);
      assertArrayEquals(stored(id + ".hard_batched.keep"), Arrays.copyOf(keep, kept), id);
      kept =
          new Nms(input.count()).acrossClasses(input.boxes, input.scores, input.count(), 0.5, keep);
      assertArrayEquals(stored(id + ".hard_agnostic.keep"), Arrays.copyOf(keep, kept), id);
      float[] scores = new float[input.count()];
      SoftNms.Settings hard =
          new SoftNms.Settings(SoftNms.Decay.HARD, SoftNms.Flavour.PYTHON, 0, 0.5, 0);
      kept =
          new SoftNms(hard, input.count())
              .acrossClasses(input.boxes, input.scores, input.count(), keep, scores);
      assertArrayEquals(stored(id + ".hard_agnostic.keep"), Arrays.copyOf(keep, kept), id);
    }
  }

  @ParameterizedTest
  @EnumSource(SoftNms.Flavour.class)
  void vectorsOfBirdersTests(SoftNms.Flavour flavour) {
    float[] boxes = {10, 10, 30, 30, 20, 20, 40, 40, 50, 50, 70, 70, 15, 15, 35, 35};
    float[] scores = {.9f, .8f, .7f, .85f};
    int[] keep = new int[4];
    float[] kept = new float[4];
    SoftNms soft = new SoftNms(SoftNms.Settings.gaussian(flavour), 4);
    assertEquals(4, soft.perClass(boxes, scores, new int[] {0, 0, 1, 0}, 4, keep, kept));
    assertArrayEquals(new int[] {0, 1, 2, 3}, keep);
    assertScores(new float[] {.9f, .7680044f, .7f, .4607060f}, kept, "vector");
    float[] identical = {1, 1, 9, 9, 1, 1, 9, 9, 1, 1, 9, 9};
    SoftNms strong =
        new SoftNms(new SoftNms.Settings(SoftNms.Decay.GAUSSIAN, flavour, .25, 0, .1), 3);
    assertEquals(
        1, strong.perClass(identical, new float[] {.9f, .8f, .7f}, new int[3], 3, keep, kept));
    assertEquals(0, keep[0]);
  }

  @Test
  void cornersWhereTheFlavoursDiffer() {
    int[] keep = new int[3];
    float[] kept = new float[3];
    float[] apart = {0, 0, 1, 1, 5, 5, 6, 6};
    float[] low = {.0001f, .0002f};
    assertEquals(1, flavour(SoftNms.Flavour.PYTHON).acrossClasses(apart, low, 2, keep, kept));
    assertEquals(1, keep[0]);
    assertEquals(0, flavour(SoftNms.Flavour.NATIVE).acrossClasses(apart, low, 2, keep, kept));
    float[] degenerate = {3, 3, 3, 3, 3, 3, 3, 3};
    float[] good = {.9f, .8f};
    assertEquals(2, flavour(SoftNms.Flavour.PYTHON).acrossClasses(degenerate, good, 2, keep, kept));
    assertEquals(1, flavour(SoftNms.Flavour.NATIVE).acrossClasses(degenerate, good, 2, keep, kept));
    assertEquals(
        0,
        flavour(SoftNms.Flavour.PYTHON).acrossClasses(new float[0], new float[0], 0, keep, kept));
    assertEquals(
        0,
        flavour(SoftNms.Flavour.NATIVE).acrossClasses(new float[0], new float[0], 0, keep, kept));
  }

  private static SoftNms flavour(SoftNms.Flavour flavour) {
    return new SoftNms(SoftNms.Settings.gaussian(flavour), 3);
  }

  private static void soft(Map<?, ?> golden, String name, SoftNms.Settings settings) {
    String id = (String) golden.get("id");
    Input input = new Input(id);
    int[] keep = new int[input.count()];
    float[] scores = new float[input.count()];
    SoftNms soft = new SoftNms(settings, input.count());
    int kept = soft.perClass(input.boxes, input.scores, input.labels, input.count(), keep, scores);
    assertArrayEquals(stored(id + "." + name + ".keep"), Arrays.copyOf(keep, kept), id);
    assertScores(STORED.get(id + "." + name + ".scores").floats(), Arrays.copyOf(scores, kept), id);
  }

  private static double threshold(Map<?, ?> golden) {
    return ((Number) golden.get("score_threshold")).doubleValue();
  }

  private static int[] stored(String key) {
    return STORED.get(key).integers(2);
  }

  private static final class Input {
    final float[] boxes;
    final float[] scores;
    final int[] labels;

    Input(String id) {
      boxes = STORED.get(id + ".boxes").floats();
      scores = STORED.get(id + ".scores").floats();
      labels = stored(id + ".labels");
    }

    int count() {
      return scores.length;
    }
  }
}
