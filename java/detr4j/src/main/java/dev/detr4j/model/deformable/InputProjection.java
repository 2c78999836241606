package dev.detr4j.model.deformable;

import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.GroupNorm;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.LevelShape;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * The neck's path to one feature level: a convolution to dModel channels and a group normalisation.
 * Levels of the backbone take a 1x1 kernel; each further level a 3x3 kernel of stride 2, the first
 * on the last map of the backbone.
 */
final class InputProjection {
  private static final int GROUPS = 32;
  private static final float EPSILON = 1e-5f;

  private final WeightedOp<Convolution> convolution;
  private final WeightedOp<GroupNorm> norm;

  /**
   * Reads {@code 0.weight}, {@code 1.weight} and {@code 1.bias} below the prefix, and {@code
   * 0.bias} where the convolution has one.
   */
  InputProjection(Parameters parameters, int in, int dModel, boolean further, boolean bias) {
    KernelWindow window =
        further ? KernelWindow.square(3).withStride(2).withPadding(1) : KernelWindow.PIXEL;
    Convolution plain = Convolution.of(in, dModel, window);
    convolution =
        bias
            ? parameters.weighted(plain.withBias(), "0.weight", "0.bias")
            : parameters.weighted(plain, "0.weight");
    norm = parameters.weighted(new GroupNorm(GROUPS, dModel, EPSILON), "1.weight", "1.bias");
  }

  /** The extents of the level that a map leads to. */
  LevelShape shape(LevelShape map) {
    KernelWindow window = convolution.op().window();
    return new LevelShape(window.outHeight(map.height()), window.outWidth(map.width()));
  }

  /**
   * Adds the nodes; the result goes to the level's rows of {@code tokens}. Returns those rows as a
   * map.
   */
  Value add(Graph.Builder graph, String label, Value map, Value tokens, int firstToken) {
    Value projected = graph.add(label + ".conv", convolution, map);
    Shape shape = projected.shape();
    Value rows =
        tokens
            .rowsFrom(
                label,
                firstToken,
                Shape.of(shape.get(0), shape.get(1) * shape.get(2), shape.last()))
            .reshaped(shape);
    graph.addInto(label + ".norm", norm, rows, projected);
    return rows;
  }

  /** The shapes of all levels, the backbone's first. */
  static List<LevelShape> shapes(List<InputProjection> projections, List<LevelShape> maps) {
    List<LevelShape> levels = new java.util.ArrayList<>();
    for (int l = 0; l < projections.size(); l++) {
      levels.add(
          projections
              .get(l)
              .shape(
                  l < maps.size()
                      ? maps.get(l)
                      : l == maps.size() ? maps.getLast() : levels.getLast()));
    }
    return List.copyOf(levels);
  }
}
