package dev.detr4j.model.resnet;

import dev.detr4j.error.OneLine;
import dev.detr4j.json.JsonObject;
import dev.detr4j.model.family.Backbone;
import dev.detr4j.model.family.BackboneConfig;
import dev.detr4j.model.family.TensorEvidence;
import dev.detr4j.model.family.WeightSource;
import dev.detr4j.model.names.BackboneNames;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A ResNet-vd (He et al. 2019, "ResNet-D"): a stem of three 3x3 convolutions, and shortcuts that
 * average 2x2 pixels before their 1x1 convolution instead of skipping three of four.
 *
 * @param block the kind of residual block
 * @param stemWidth channels of the stem; the first two convolutions have half of them
 * @param depths blocks in each stage
 * @param widths output channels of each stage; the inner width of a bottleneck is a quarter of it
 * @param taps the stages whose outputs the neck takes, counted from 1, ascending
 */
public record ResNetVdConfig(
    ResNetConfig.Block block,
    int stemWidth,
    List<Integer> depths,
    List<Integer> widths,
    List<Integer> taps)
    implements BackboneConfig {
  private static final int MOST_CHANNELS = 1 << 16;
  private static final String MODEL_TYPE = "rt_detr_resnet";

  /** Copies the lists. */
  public ResNetVdConfig {
    depths = List.copyOf(depths);
    widths = List.copyOf(widths);
    taps = List.copyOf(taps);
  }

  /** The {@code backbone_config} of a {@code config.json}, with the defaults of transformers. */
  public static ResNetVdConfig read(JsonObject json) {
    if (!json.isObject("backbone_config")) {
      if (json.has("backbone") || json.bool("use_timm_backbone", false)) {
        throw json.wrong("there is no backbone_config, expected one of model_type " + MODEL_TYPE);
      }
      return new ResNetVdConfig(
          ResNetConfig.Block.BOTTLENECK,
          64,
          List.of(3, 4, 6, 3),
          List.of(256, 512, 1024, 2048),
          List.of(2, 3, 4));
    }
    JsonObject given = json.object("backbone_config");
    String type = given.string("model_type", "");
    if (!type.equals(MODEL_TYPE)) {
      throw given.wrong("model_type is \"" + OneLine.of(type) + "\", supported is " + MODEL_TYPE);
    }
    refuse(given, "hidden_act", "relu");
    for (String stride : List.of("downsample_in_first_stage", "downsample_in_bottleneck")) {
      if (given.bool(stride, false)) {
        throw given.wrong(stride + " is true, supported is false");
      }
    }
    if (given.integer("num_channels", 3, 1, MOST_CHANNELS) != 3) {
      throw given.wrong("num_channels is not 3, expected 3 (RGB)");
    }
    String layers = given.string("layer_type", "bottleneck");
    if (!layers.equals("basic") && !layers.equals("bottleneck")) {
      throw given.wrong(
          "layer_type is \"" + OneLine.of(layers) + "\", expected basic or bottleneck");
    }
    ResNetVdConfig config =
        new ResNetVdConfig(
            layers.equals("basic") ? ResNetConfig.Block.BASIC : ResNetConfig.Block.BOTTLENECK,
            given.integer("embedding_size", 64, 2, MOST_CHANNELS),
            given.has("depths") ? given.integers("depths", 1, 256) : List.of(3, 4, 6, 3),
            given.has("hidden_sizes")
                ? given.integers("hidden_sizes", 4, MOST_CHANNELS)
                : List.of(256, 512, 1024, 2048),
            taps(given));
    config.check(given);
    return config;
  }

  private static void refuse(JsonObject json, String field, String supported) {
    String value = json.string(field, supported);
    if (!value.equals(supported)) {
      throw json.wrong(field + " is \"" + OneLine.of(value) + "\", supported is " + supported);
    }
  }

  private static List<Integer> taps(JsonObject json) {
    List<Integer> taps = new ArrayList<>();
    if (json.has("out_indices")) {
      taps.addAll(json.integers("out_indices", 1, 8));
    } else if (json.has("out_features")) {
      for (String feature : json.strings("out_features")) {
        if (!feature.matches("stage[1-8]")) {
          throw json.wrong(
              "out_features holds \"" + OneLine.of(feature) + "\", supported are stage1 to stage8");
        }
        taps.add(feature.charAt(5) - '0');
      }
    } else {
      taps.addAll(List.of(2, 3, 4));
    }
    return taps;
  }

  private void check(JsonObject json) {
    if (depths.isEmpty() || depths.size() > 8 || depths.size() != widths.size()) {
      throw json.wrong(
          "depths and hidden_sizes have %d and %d stages, expected the same number, 1 to 8"
              .formatted(depths.size(), widths.size()));
    }
    for (int i = 0; i < taps.size(); i++) {
      if (taps.get(i) > depths.size() || (i > 0 && taps.get(i) != taps.get(i - 1) + 1)) {
        throw json.wrong(
            "out_indices names %s, expected stages that follow each other, up to %d"
                .formatted(taps, depths.size()));
      }
    }
    if (taps.isEmpty()) {
      throw json.wrong("out_indices is empty, expected at least one stage");
    }
    // transformers leaves the shortcuts of such stages out or pools where nothing strides.
    boolean basic = block == ResNetConfig.Block.BASIC;
    for (int stage = 1; basic && stage <= widths.size(); stage++) {
      boolean same = inputWidth(stage).equals(widths.get(stage - 1));
      if (same != (stage == 1)) {
        throw json.wrong(
            "hidden_sizes is %s behind an embedding_size of %d, expected basic blocks to widen in all stages but the first"
                .formatted(widths, stemWidth));
      }
    }
  }

  /**
   * The ResNet-vd whose tensors a checkpoint without configuration holds.
   *
   * @throws dev.detr4j.error.CheckpointException when the tensors are not those of one
   */
  public static ResNetVdConfig of(TensorEvidence tensors, List<Integer> taps) {
    String first = "backbone.encoder.stages.0.layers.0.layer.2.convolution.weight";
    boolean bottleneck = tensors.has(first);
    List<Integer> depths = new ArrayList<>();
    List<Integer> widths = new ArrayList<>();
    for (int stage = 0; stage < 4; stage++) {
      String layers = "backbone.encoder.stages." + stage + ".layers.";
      depths.add(tensors.members(layers, ".layer.0.convolution.weight"));
      widths.add(
          tensors.extent(layers + "0.layer." + (bottleneck ? 2 : 1) + ".convolution.weight", 0));
    }
    return new ResNetVdConfig(
        bottleneck ? ResNetConfig.Block.BOTTLENECK : ResNetConfig.Block.BASIC,
        tensors.extent("backbone.embedder.embedder.2.convolution.weight", 0),
        depths,
        widths,
        taps);
  }

  @Override
  public Backbone network(WeightSource source) {
    return new ResNetVdBackbone(this, source);
  }

  /** What transformers calls the tensors, which is what they are called here. */
  public BackboneNames transformersNames() {
    return BackboneNames.ofStages(stages(), depths.size());
  }

  /** The fields of a {@code backbone_config}. */
  public Map<String, @Nullable Object> json() {
    Map<String, @Nullable Object> json = new LinkedHashMap<>();
    json.put("model_type", MODEL_TYPE);
    json.put("num_channels", 3);
    json.put("embedding_size", stemWidth);
    json.put("depths", depths);
    json.put("hidden_sizes", widths);
    json.put("layer_type", block == ResNetConfig.Block.BASIC ? "basic" : "bottleneck");
    json.put("hidden_act", "relu");
    json.put("downsample_in_first_stage", false);
    json.put("downsample_in_bottleneck", false);
    json.put("out_features", taps.stream().map(stage -> "stage" + stage).toList());
    json.put("out_indices", taps);
    return json;
  }

  @Override
  public String title() {
    int perBlock = block == ResNetConfig.Block.BOTTLENECK ? 3 : 2;
    return "ResNet-" + (2 + perBlock * depths.stream().mapToInt(Integer::intValue).sum()) + "vd";
  }

  /** Channels that enter a stage, counted from 1. */
  Integer inputWidth(int stage) {
    return stage == 1 ? stemWidth : widths.get(stage - 2);
  }
}
