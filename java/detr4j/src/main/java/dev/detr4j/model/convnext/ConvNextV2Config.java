package dev.detr4j.model.convnext;

import dev.detr4j.model.family.Backbone;
import dev.detr4j.model.family.BackboneConfig;
import dev.detr4j.model.family.TensorEvidence;
import dev.detr4j.model.family.WeightSource;
import java.util.ArrayList;
import java.util.List;

/**
 * A ConvNeXt V2 (Woo et al. 2023) as birder has it: a 4x4 stem of stride 4 with layer norm of eps
 * 1e-5, and layer norms of eps 1e-6 elsewhere. The taps are the raw outputs of the stages.
 */
public record ConvNextV2Config(List<Integer> depths, List<Integer> widths, List<Integer> taps)
    implements BackboneConfig {
  /** Copies the lists. */
  public ConvNextV2Config {
    depths = List.copyOf(depths);
    widths = List.copyOf(widths);
    taps = List.copyOf(taps);
  }

  /**
   * The ConvNeXt V2 whose tensors a checkpoint of birder holds. Members of a stage behind the first
   * are counted from its reduction, which is member 0.
   *
   * @throws dev.detr4j.error.CheckpointException when the backbone is another
   */
  public static ConvNextV2Config of(TensorEvidence tensors, List<Integer> taps) {
    if (!tensors.has("backbone.body.stage1.0.block.5.gamma")) {
      throw tensors.wrong(
          "the backbone has no backbone.body.stage1.0.block.5.gamma, supported of birder is ConvNeXt V2");
    }
    List<Integer> depths = new ArrayList<>();
    List<Integer> widths = new ArrayList<>();
    for (int stage = 1; stage <= 4; stage++) {
      String name = "backbone.body.stage" + stage + ".";
      int first = stage == 1 ? 0 : 1;
      depths.add(tensors.membersFrom(name, first, ".block.0.weight"));
      widths.add(tensors.extent(name + first + ".block.0.weight", 0));
    }
    return new ConvNextV2Config(depths, widths, taps);
  }

  @Override
  public Backbone network(WeightSource source) {
    return new ConvNextV2Backbone(this, source);
  }

  @Override
  public String title() {
    boolean tiny = depths.equals(List.of(3, 3, 9, 3)) && widths.equals(List.of(96, 192, 384, 768));
    return tiny ? "ConvNeXt V2 tiny" : "ConvNeXt V2 " + depths + " x " + widths;
  }
}
