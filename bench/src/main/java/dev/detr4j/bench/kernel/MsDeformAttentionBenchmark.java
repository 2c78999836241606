package dev.detr4j.bench.kernel;

import dev.detr4j.op.LevelShape;
import dev.detr4j.op.MsDeformAttention;
import java.util.Arrays;
import java.util.List;
import org.openjdk.jmh.annotations.Param;

/**
 * {@link MsDeformAttention}: 8 heads of 32 channels, 4 levels, 4 points.
 *
 * <p>In the encoder each token looks around its own cell, tokens in the order of the map, which is
 * what makes the caches useful; offsets reach 3 cells. In the decoder 300 queries look around boxes
 * anywhere.
 */
public class MsDeformAttentionBenchmark extends KernelBenchmark {
  static final int HEADS = 8;
  static final int HEAD_DIM = 32;
  static final int POINTS = 4;

  /** How far samples of the encoder lie from their token, in cells. */
  static final double REACH = 3;

  /** Who asks. */
  @Param({"encoder", "decoder"})
  public String queries;

  @Override
  KernelCase kernel(CaseSize size) {
    return queries.equals("encoder") ? encoder(size) : decoder(size);
  }

  static KernelCase encoder(CaseSize size) {
    int tokens = EncoderShape.tokens(size);
    return kernel(
        "deformable encoder", size, KernelInput.floats(EncoderShape.centres(size), 1, tokens, 2));
  }

  private static KernelCase decoder(CaseSize size) {
    int count = size == CaseSize.REAL ? 300 : 23;
    float[] boxes = KernelInput.uniform("deformable decoder boxes", 0.5, 1, count, 4).toFloats();
    for (int i = 0; i < boxes.length; i++) {
      // Centres anywhere, sides of at most a third.
      boxes[i] = i % 4 < 2 ? boxes[i] + 0.5f : (boxes[i] + 0.6f) * 0.3f;
    }
    return kernel("deformable decoder", size, KernelInput.floats(boxes, 1, count, 4));
  }

  private static KernelCase kernel(String name, CaseSize size, KernelInput references) {
    List<LevelShape> levels = EncoderShape.levels(size);
    int queries = references.shape().get(1);
    int samples = HEADS * levels.size() * POINTS;
    float[] ratios = new float[2 * levels.size()];
    Arrays.fill(ratios, 1);
    return new KernelCase(
        name,
        new MsDeformAttention(HEADS, HEAD_DIM, levels, POINTS, references.shape().last()),
        List.of(
            KernelInput.uniform(name + " value", 1, 1, LevelShape.tokens(levels), HEADS * HEAD_DIM),
            KernelInput.uniform(name + " offsets", REACH, 1, queries, 2 * samples),
            KernelInput.uniform(name + " logits", 4, 1, queries, samples),
            references,
            KernelInput.floats(ratios, 1, levels.size(), 2)),
        tolerance(levels));
  }

  /**
   * A location near 1 has an error of half a unit, which the extent of the map turns into pixels,
   * and the slope of the values into twice that.
   */
  private static double tolerance(List<LevelShape> levels) {
    int extent = 1;
    for (LevelShape level : levels) {
      extent = Math.max(extent, Math.max(level.height(), level.width()));
    }
    return KernelCase.ofUnits(16 + 4.0 * extent + levels.size() * POINTS);
  }
}
