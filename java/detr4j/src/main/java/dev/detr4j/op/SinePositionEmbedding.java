package dev.detr4j.op;

import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The sine position embedding of a feature map (Carion et al. 2020), plus a level embedding.
 *
 * <p>In the valid part, {@code y} counts valid rows from 1 in the cell's column and {@code x} valid
 * columns in the cell's row; {@code Y} and {@code X} are the last counts of that column and row (0
 * outside the valid part, where counts stand still). The coordinate is {@code c = (y + offset) / (Y
 * + 1e-6) * 2 pi}; feature {@code i} of an axis is the sine (even i) or cosine (odd i) of {@code c
 * / 10000^(2 floor(i / 2) / features)}. Output {@code [N, H, W, 2 features]}: features of y, then
 * of x, each with its entry of {@code levelEmbedding} added. No inputs: the validity of each item
 * is part of the operation.
 *
 * @param valid valid extents in cells of each batch item, at least 1 and at most the map's
 * @param offset -0.5 in the Deformable DETR family, 0 in DETR
 * @param levelEmbedding {@code [2 features]}, added to every cell
 */
public record SinePositionEmbedding(
    int height,
    int width,
    int features,
    float offset,
    List<LevelShape> valid,
    @Nullable Weight levelEmbedding)
    implements OpSpec {
  /** Copies the extents. */
  public SinePositionEmbedding {
    valid = List.copyOf(valid);
    OpSpec.require(features % 2 == 0, "sine and cosine come in pairs", features);
    OpSpec.require(
        levelEmbedding == null || levelEmbedding.shape().elements() == 2L * features,
        "level embedding has " + 2 * features + " values",
        levelEmbedding);
  }

  @Override
  public List<Output> outputs(List<Shape> inputs) {
    return List.of(Output.f32(valid.size(), height, width, 2 * features));
  }
}
