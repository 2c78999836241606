package dev.detr4j.model.resnet;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The backbone part of a {@code config.json}, written in the style of the published ones. */
final class BackboneJson {
  private BackboneJson() {}

  static Map<String, @Nullable Object> of(
      ResNetConfig backbone, List<Integer> features, boolean chooses) {
    Map<String, @Nullable Object> json = new LinkedHashMap<>();
    boolean timm = backbone.origin() == ResNetConfig.Origin.TIMM;
    json.put("use_timm_backbone", timm);
    json.put("use_pretrained_backbone", false);
    json.put("num_channels", 3);
    if (timm) {
      json.put("backbone", backbone.timmName().orElseThrow());
      json.put("dilation", backbone.dilated());
      if (chooses && !features.equals(List.of(2, 3, 4)) && features.size() > 1) {
        json.put("backbone_kwargs", Map.of("out_indices", features));
      }
      return json;
    }
    json.put("backbone", null);
    json.put("dilation", false);
    Map<String, @Nullable Object> own = new LinkedHashMap<>();
    own.put("model_type", "resnet");
    own.put("num_channels", 3);
    own.put("embedding_size", backbone.stemWidth());
    own.put("depths", backbone.depths());
    own.put("hidden_sizes", backbone.widths());
    own.put("layer_type", backbone.block() == ResNetConfig.Block.BASIC ? "basic" : "bottleneck");
    own.put("hidden_act", "relu");
    own.put("downsample_in_first_stage", backbone.strideInFirstStage());
    own.put("downsample_in_bottleneck", backbone.strideIn1x1());
    own.put("out_features", features.stream().map(stage -> "stage" + stage).toList());
    json.put("backbone_config", own);
    return json;
  }
}
