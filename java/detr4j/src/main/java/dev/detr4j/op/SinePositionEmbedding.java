package dev.detr4j.op;

import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * The sine position embedding of a feature map (Carion et al. 2020), plus a level embedding.
 *
 * <p>In the valid part, {@code y} counts valid rows from 1 in the cell's column and {@code x} valid
 * columns in the cell's row; {@code Y} and {@code X} are the last counts of that column and row (0
 * outside the valid part, where counts stand still). The coordinate is {@code c = (y + offset) / (Y
 * + 1e-6) * 2 pi}; feature {@code i} of an axis is the sine (even i) or cosine (odd i) of {@code c
 * / 10000^(2 floor(i / 2) / features)}. Output {@code [N, H, W, 2 features]}: features of y, then
 * of x, each with its entry of the level embedding added. No inputs: the validity of each item is
 * part of the operation. Weight: the level embedding {@code [2 features]} if {@code
 * hasLevelEmbedding}; every cell gets it.
 *
 * @param valid valid extents in cells of each batch item, at least 1 and at most the map's
 * @param offset -0.5 in the Deformable DETR family, 0 in DETR
 */
public record SinePositionEmbedding(
    int height,
    int width,
    int features,
    float offset,
    List<LevelShape> valid,
    boolean hasLevelEmbedding)
    implements OpSpec {
  /** Copies the extents. */
  public SinePositionEmbedding {
    valid = List.copyOf(valid);
    OpSpec.require(features % 2 == 0, "sine and cosine come in pairs", features);
  }

  @Override
  public List<WeightSpec> weights() {
    return hasLevelEmbedding ? List.of(WeightSpec.of("level embedding", 2 * features)) : List.of();
  }

  @Override
  public List<Output> outputs(List<Shape> inputs) {
    return List.of(Output.f32(valid.size(), height, width, 2 * features));
  }
}
