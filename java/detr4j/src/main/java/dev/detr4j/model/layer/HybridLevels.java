package dev.detr4j.model.layer;

import dev.detr4j.error.ImageException;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * What a hybrid encoder begins with (Zhao et al. 2024): the backbone's maps are projected to one
 * width, and a transformer runs on some of them.
 */
public final class HybridLevels {
  private final List<Integer> transformed;
  private final List<WeightedOp<Convolution>> projections = new ArrayList<>();
  private final List<Aifi> transformers = new ArrayList<>();

  /**
   * Reads {@code encoder_input_proj.*} and {@code encoder.aifi.*}.
   *
   * @param widths channels of the backbone's maps, the finest first
   * @param transformed the levels that a transformer runs on, one for each
   */
  public HybridLevels(
      Parameters model, List<Integer> widths, List<Integer> transformed, Aifi.Config config) {
    this.transformed = List.copyOf(transformed);
    for (int l = 0; l < widths.size(); l++) {
      projections.add(
          BatchNorm.folded(
              model.under("encoder_input_proj").under(l),
              "0",
              "1",
              ConvNorm.pixel(widths.get(l), config.dim()),
              BatchNorm.EPSILON));
    }
    for (int i = 0; i < transformed.size(); i++) {
      transformers.add(new Aifi(model.under("encoder").under("aifi").under(i), config));
    }
  }

  /**
   * Adds the nodes.
   *
   * @param maps of the backbone, the finest first
   * @return as many maps of {@code dim} channels
   * @throws ImageException when a map is not twice as large as the next
   */
  public List<Value> add(Graph.Builder graph, List<Value> maps) {
    List<Value> levels = new ArrayList<>();
    for (int l = 0; l < maps.size(); l++) {
      Value level = graph.add("input_proj." + l, projections.get(l), maps.get(l));
      graph.tap("input_proj." + l, level);
      levels.add(level);
    }
    for (int l = 0; l < levels.size() - 1; l++) {
      check(levels.get(l).shape(), levels.get(l + 1).shape());
    }
    for (int i = 0; i < transformers.size(); i++) {
      int level = transformed.get(i);
      levels.set(level, transformers.get(i).add(graph, "aifi." + i, levels.get(level)));
      graph.tap("aifi", levels.get(level));
    }
    return levels;
  }

  private static void check(Shape large, Shape small) {
    if (large.get(1) != 2 * small.get(1) || large.get(2) != 2 * small.get(2)) {
      throw new ImageException(
          "the input leads to maps of %dx%d and %dx%d cells, expected twice as many: use sides that are multiples of 32"
              .formatted(large.get(2), large.get(1), small.get(2), small.get(1)));
    }
  }
}
