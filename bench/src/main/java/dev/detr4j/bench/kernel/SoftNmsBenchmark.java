package dev.detr4j.bench.kernel;

import dev.detr4j.op.SoftNms;
import java.util.List;
import org.openjdk.jmh.annotations.Param;

/**
 * {@link SoftNms} as birder has it, Gaussian, on boxes of one class all over an image of 1066x800.
 *
 * <p>Sides are 20 to 140 pixels, so among 1,000 boxes each overlaps with some thirty others.
 */
public class SoftNmsBenchmark extends KernelBenchmark {
  /** How many. */
  @Param({"100", "1000", "10000"})
  public int boxes;

  @Override
  KernelCase kernel(CaseSize size) {
    return kernel(size == CaseSize.REAL ? boxes : Math.min(boxes, 100));
  }

  static KernelCase kernel(int boxes) {
    String name = "soft nms " + boxes;
    float[] units = KernelInput.uniform(name + " boxes", 0.5, 1, boxes, 4).toFloats();
    float[] corners = new float[4 * boxes];
    for (int i = 0; i < boxes; i++) {
      float x = (units[4 * i] + 0.5f) * 1066;
      float y = (units[4 * i + 1] + 0.5f) * 800;
      float width = 20 + 120 * (units[4 * i + 2] + 0.5f);
      float height = 20 + 120 * (units[4 * i + 3] + 0.5f);
      corners[4 * i] = x - width / 2;
      corners[4 * i + 1] = y - height / 2;
      corners[4 * i + 2] = x + width / 2;
      corners[4 * i + 3] = y + height / 2;
    }
    float[] scores = KernelInput.uniform(name + " scores", 0.5, 1, boxes).toFloats();
    for (int i = 0; i < boxes; i++) {
      scores[i] += 0.5f;
    }
    return new KernelCase(
        name,
        SoftNms.BIRDER,
        List.of(
            KernelInput.floats(corners, 1, boxes, 4),
            KernelInput.floats(scores, 1, boxes),
            KernelInput.integers(new int[boxes], 1, boxes)),
        // A score is a product of up to as many decays as there are boxes, each rounded.
        KernelCase.ofUnits(64));
  }
}
