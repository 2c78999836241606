package dev.detr4j.model.deformable;

import dev.detr4j.model.convnext.ConvNextV2Config;
import dev.detr4j.model.deformable.DeformableDetrConfig.Numerics;
import dev.detr4j.model.description.Assumption;
import dev.detr4j.model.description.ModelSource;
import dev.detr4j.model.family.BackboneConfig;
import dev.detr4j.model.family.CocoLabels;
import dev.detr4j.model.family.StoredInput;
import dev.detr4j.model.family.TensorEvidence;
import java.util.List;

/** birder-project/birder: ConvNeXt V2, and files that say what images and classes were. */
final class BirderFormat extends DeformableFormat {
  BirderFormat() {
    super(
        ModelSource.BIRDER,
        Numerics.BIRDER,
        CocoLabels::birder,
        List.of("transformer.level_embed", "backbone.stem.0.weight"));
  }

  @Override
  boolean mayDilate() {
    return false;
  }

  @Override
  BackboneConfig backbone(TensorEvidence tensors, List<Integer> taps, int outputStride) {
    return ConvNextV2Config.of(tensors, taps);
  }

  @Override
  List<String> labels(TensorEvidence tensors, int classes) {
    return BirderMetadata.of(tensors)
        .labels(classes)
        .orElseGet(() -> super.labels(tensors, classes));
  }

  @Override
  public StoredInput input(TensorEvidence tensors) {
    StoredInput input = BirderMetadata.of(tensors).input();
    if (input.statistics().isEmpty()) {
      tensors.assume(
          Assumption.of("images have the statistics that birder takes by default", null));
    }
    if (input.size().isEmpty()) {
      tensors.assume(
          Assumption.of("the short side of an image becomes 640 pixels, whatever the long", null));
    }
    return input;
  }
}
