package dev.detr4j.model.names;

import java.util.List;

/**
 * How one source names the tensors of a model in its checkpoints; one implementation for each
 * source.
 *
 * <p>Model builders ask for <em>canonical</em> names. Outside the backbone these are the names that
 * the modules of transformers 5.x have in memory, for instance {@code
 * model.encoder.layers.0.self_attn.q_proj.weight} or {@code class_embed.0.bias}. For a ResNet they
 * are torchvision's names below {@code backbone.}: {@code backbone.conv1.weight}, {@code
 * backbone.layer2.0.bn1.running_var}, {@code backbone.layer2.0.downsample.0.weight}. For a ConvNeXt
 * V2 they are birder's: {@code backbone.stem.0.weight}, {@code
 * backbone.body.stage2.1.block.5.gamma}. For a vision transformer they are those of RF-DETR's
 * modules, {@code model.backbone.backbone.encoder.layer.0.norm1.weight}.
 */
public interface TensorNames {
  /**
   * The names under which the file may hold a tensor, the preferred one first. If it holds several,
   * they are copies of one tensor and must be equal.
   */
  List<String> candidates(String canonicalName);

  /**
   * Which rows of a tensor in the file the canonical tensor is: some sources store the projections
   * of queries, keys and values as one matrix.
   *
   * @param fileName one of the candidates
   */
  default RowBlock rows(String canonicalName, String fileName) {
    return RowBlock.ALL;
  }

  /**
   * The name under which the project itself stores a tensor when it saves; copies that are one
   * tensor have one name.
   */
  default String published(String canonicalName) {
    return candidates(canonicalName).getFirst();
  }

  /** Whether inference has no use for a tensor of the file that no model builder asked for. */
  boolean unused(String fileName);

  /**
   * The {@code index}-th of {@code of} equal blocks of rows.
   *
   * @param index from 0
   */
  record RowBlock(int index, int of) {
    /** All rows. */
    public static final RowBlock ALL = new RowBlock(0, 1);
  }
}
