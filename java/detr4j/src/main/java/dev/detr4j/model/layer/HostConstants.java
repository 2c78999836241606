package dev.detr4j.model.layer;

import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.RepeatedWeight;
import dev.detr4j.model.graph.Value;
import dev.detr4j.op.LevelShape;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.op.gradient.WeightValue;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * Constants that are simple enough to be computed on the host: masks, and weights that serve as
 * values.
 */
public final class HostConstants {
  private HostConstants() {}

  /**
   * A weight {@code [rows, columns]} as a value {@code [batch, rows, columns]}, the same for each
   * item. Where the graph learns, a node makes it.
   */
  public static Value weight(Graph.Builder graph, String name, Weight weight, int batch) {
    int rows = weight.shape().get(0);
    int columns = weight.shape().get(1);
    if (graph.isTraining()) {
      return graph.add(name, WeightedOp.of(new WeightValue(batch, rows, columns), weight));
    }
    return graph.constant(
        name, ElementType.F32, Shape.of(batch, rows, columns), new RepeatedWeight(weight, batch));
  }

  /** Zeros {@code [batch, rows, columns]}. */
  public static Value zeros(Graph.Builder graph, String name, int batch, int rows, int columns) {
    return graph.constant(name, ElementType.F32, Shape.of(batch, rows, columns), destination -> {});
  }

  /**
   * The tokens that are not padding, U8 {@code [batch, tokens]}, 1 where valid.
   *
   * @param levels extents of the levels, whose cells follow each other
   * @param valid for each level, the valid cells of each image
   */
  public static Value validTokens(
      Graph.Builder graph, String name, List<LevelShape> levels, List<List<LevelShape>> valid) {
    int batch = valid.get(0).size();
    int tokens = LevelShape.tokens(levels);
    return graph.constant(
        name,
        ElementType.U8,
        Shape.of(batch, tokens),
        destination -> {
          for (int n = 0; n < batch; n++) {
            long row = (long) n * tokens;
            for (int l = 0; l < levels.size(); l++) {
              LevelShape inside = valid.get(l).get(n);
              for (int y = 0; y < levels.get(l).height(); y++) {
                for (int x = 0; x < levels.get(l).width(); x++) {
                  boolean isValid = y < inside.height() && x < inside.width();
                  destination.set(ValueLayout.JAVA_BYTE, row++, (byte) (isValid ? 1 : 0));
                }
              }
            }
          }
        });
  }
}
