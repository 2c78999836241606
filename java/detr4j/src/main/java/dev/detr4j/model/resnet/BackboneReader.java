package dev.detr4j.model.resnet;

import dev.detr4j.error.OneLine;
import dev.detr4j.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The backbone part of a {@code config.json}, in each of its historical styles.
 *
 * <ul>
 *   <li>4.x, the published files: {@code "backbone": "resnet50", "use_timm_backbone": true}, {@code
 *       dilation} for DC5, and in later ones {@code backbone_kwargs} with {@code out_indices} and
 *       {@code output_stride};
 *   <li>5.x: {@code backbone_config} of model type {@code timm_backbone};
 *   <li>either: {@code backbone_config} of model type {@code resnet}, or {@code use_timm_backbone:
 *       false} alone.
 * </ul>
 *
 * <p>As in transformers a {@code backbone_config} wins over everything beside it, {@code dilation}
 * included.
 */
public final class BackboneReader {
  private static final int MOST_CHANNELS = 1 << 16;

  private record TimmResNet(ResNetConfig.Block block, List<Integer> depths) {}

  private static final Map<String, TimmResNet> TIMM =
      Map.of(
          "resnet18", new TimmResNet(ResNetConfig.Block.BASIC, List.of(2, 2, 2, 2)),
          "resnet34", new TimmResNet(ResNetConfig.Block.BASIC, List.of(3, 4, 6, 3)),
          "resnet26", new TimmResNet(ResNetConfig.Block.BOTTLENECK, List.of(2, 2, 2, 2)),
          "resnet50", new TimmResNet(ResNetConfig.Block.BOTTLENECK, List.of(3, 4, 6, 3)),
          "resnet101", new TimmResNet(ResNetConfig.Block.BOTTLENECK, List.of(3, 4, 23, 3)),
          "resnet152", new TimmResNet(ResNetConfig.Block.BOTTLENECK, List.of(3, 8, 36, 3)));
  private static final String TIMM_NAMES =
      "resnet18, resnet26, resnet34, resnet50, resnet101 and resnet152";

  private static final List<Integer> BASIC_WIDTHS = List.of(64, 128, 256, 512);
  private static final List<Integer> BOTTLENECK_WIDTHS = List.of(256, 512, 1024, 2048);

  private final JsonObject json;
  private final List<Integer> defaultTaps;
  private final boolean lastTapOnly;

  /**
   * A reader of one configuration.
   *
   * @param defaultTaps the timm stages that the model class asks for by default
   * @param lastTapOnly whether the model looks at the last tap only, so that the others may be
   *     anything
   */
  public BackboneReader(JsonObject json, List<Integer> defaultTaps, boolean lastTapOnly) {
    this.json = json;
    this.defaultTaps = defaultTaps;
    this.lastTapOnly = lastTapOnly;
  }

  /** What timm calls a ResNet, or null when it has none of that kind. */
  static @Nullable String timmName(ResNetConfig resnet) {
    List<Integer> widths =
        resnet.block() == ResNetConfig.Block.BASIC ? BASIC_WIDTHS : BOTTLENECK_WIDTHS;
    if (resnet.stemWidth() != 64
        || !resnet.widths().equals(widths)
        || resnet.strideIn1x1()
        || resnet.strideInFirstStage()) {
      return null;
    }
    TimmResNet wanted = new TimmResNet(resnet.block(), resnet.depths());
    for (Map.Entry<String, TimmResNet> known : TIMM.entrySet()) {
      if (known.getValue().equals(wanted)) {
        return known.getKey();
      }
    }
    return null;
  }

  public ResNetConfig read() {
    if (json.isObject("backbone_config")) {
      JsonObject config = json.object("backbone_config");
      String type = config.string("model_type", "");
      return switch (type) {
        case "timm_backbone" ->
            timm(
                config,
                config.string("backbone", ""),
                taps(config, 5, List.of(4)),
                outputStride(config, 32));
        case "resnet" -> resnet(config);
        default ->
            throw config.wrong(
                "model_type is \""
                    + OneLine.of(type)
                    + "\", supported are timm_backbone and resnet");
      };
    }
    boolean timm = json.bool("use_timm_backbone", true);
    if (!timm) {
      return resnet(null);
    }
    JsonObject kwargs = json.isObject("backbone_kwargs") ? json.object("backbone_kwargs") : null;
    int outputStride = json.bool("dilation", false) ? 16 : 32;
    if (kwargs == null) {
      return timm(json, json.string("backbone", "resnet50"), defaultTaps, outputStride);
    }
    return timm(
        kwargs,
        json.string("backbone", "resnet50"),
        taps(kwargs, 5, defaultTaps),
        outputStride(kwargs, outputStride));
  }

  private ResNetConfig timm(
      JsonObject where, String backbone, List<Integer> taps, int outputStride) {
    checkRgb(where, where.has("in_chans") ? "in_chans" : "num_channels");
    // "timm/resnet50.tv_in1k" names the same architecture with a set of pretrained weights.
    String name = backbone.startsWith("timm/") ? backbone.substring("timm/".length()) : backbone;
    int tag = name.indexOf('.');
    TimmResNet known = TIMM.get(tag < 0 ? name : name.substring(0, tag));
    if (known == null) {
      throw where.wrong(
          "backbone is \"" + OneLine.of(backbone) + "\", supported are timm's " + TIMM_NAMES);
    }
    List<Integer> widths =
        known.block == ResNetConfig.Block.BASIC ? BASIC_WIDTHS : BOTTLENECK_WIDTHS;
    return new ResNetConfig(
        known.block,
        64,
        known.depths,
        widths,
        false,
        false,
        outputStride,
        taps,
        ResNetConfig.Origin.TIMM);
  }

  private ResNetConfig resnet(@Nullable JsonObject given) {
    if (given == null) {
      // What 4.x builds for use_timm_backbone = false alone: its default ResNet-50, tapped at the
      // last stage.
      return new ResNetConfig(
          ResNetConfig.Block.BOTTLENECK,
          64,
          List.of(3, 4, 6, 3),
          List.of(256, 512, 1024, 2048),
          false,
          false,
          32,
          List.of(4),
          ResNetConfig.Origin.TRANSFORMERS);
    }
    checkRgb(given, "num_channels");
    String activation = given.string("hidden_act", "relu");
    if (!activation.equals("relu")) {
      throw given.wrong("hidden_act is \"" + OneLine.of(activation) + "\", supported is relu");
    }
    List<Integer> depths =
        given.has("depths") ? given.integers("depths", 1, 256) : List.of(3, 4, 6, 3);
    List<Integer> widths =
        given.has("hidden_sizes")
            ? given.integers("hidden_sizes", 1, MOST_CHANNELS)
            : List.of(256, 512, 1024, 2048);
    if (depths.isEmpty() || depths.size() > 8 || depths.size() != widths.size()) {
      throw given.wrong(
          "depths and hidden_sizes have %d and %d stages, expected the same number, 1 to 8"
              .formatted(depths.size(), widths.size()));
    }
    ResNetConfig.Block block =
        switch (given.string("layer_type", "bottleneck")) {
          case "basic" -> ResNetConfig.Block.BASIC;
          case "bottleneck" -> ResNetConfig.Block.BOTTLENECK;
          case String other ->
              throw given.wrong(
                  "layer_type is \"" + OneLine.of(other) + "\", expected basic or bottleneck");
        };
    for (int width : widths) {
      if (block == ResNetConfig.Block.BOTTLENECK && width < 4) {
        throw given.wrong("hidden_sizes holds " + width + ", expected at least 4 in a bottleneck");
      }
    }
    boolean strideInFirstStage = given.bool("downsample_in_first_stage", false);
    return new ResNetConfig(
        block,
        given.integer("embedding_size", 64, 1, MOST_CHANNELS),
        depths,
        widths,
        given.bool("downsample_in_bottleneck", false),
        strideInFirstStage,
        // transformers' own ResNet cannot dilate: 4 after the stem, then every stage that can
        // doubles it.
        4 << (depths.size() - (strideInFirstStage ? 0 : 1)),
        taps(given, depths.size() + 1, List.of(depths.size())),
        ResNetConfig.Origin.TRANSFORMERS);
  }

  private static void checkRgb(JsonObject where, String name) {
    int channels = where.integer(name, 3, 1, MOST_CHANNELS);
    if (channels != 3) {
      throw where.wrong(name + " is " + channels + ", expected 3 (RGB)");
    }
  }

  private static int outputStride(JsonObject where, int absent) {
    int stride = where.integer("output_stride", absent, 1, 1024);
    if (stride != 8 && stride != 16 && stride != 32) {
      throw where.wrong("output_stride is " + stride + ", supported are 8, 16 and 32");
    }
    return stride;
  }

  /**
   * The tapped stages, from {@code out_indices} or, for transformers' ResNet, {@code out_features}.
   */
  private List<Integer> taps(JsonObject where, int outputs, List<Integer> absent) {
    List<Integer> indices = new ArrayList<>();
    if (where.has("out_indices")) {
      for (int index : where.integers("out_indices", -outputs, outputs - 1)) {
        indices.add(index < 0 ? index + outputs : index);
      }
    } else if (where.has("out_features")) {
      for (String feature : where.strings("out_features")) {
        if (!feature.matches("stage[1-8]") || feature.charAt(5) - '0' >= outputs) {
          throw where.wrong(
              "out_features holds \""
                  + OneLine.of(feature)
                  + "\", supported are stage1 to stage"
                  + (outputs - 1));
        }
        indices.add(feature.charAt(5) - '0');
      }
    } else {
      indices.addAll(absent);
    }
    if (lastTapOnly && indices.size() > 1) {
      indices.removeIf(index -> index == 0);
    }
    for (int i = 0; i < indices.size(); i++) {
      if (indices.get(i) < (i == 0 ? 1 : indices.get(i - 1) + 1)) {
        throw where.wrong(
            "out_indices names "
                + indices
                + ", expected ascending stages from 1 (the stem is not supported)");
      }
    }
    if (indices.isEmpty()) {
      throw where.wrong("out_indices is empty, expected at least one stage");
    }
    return List.copyOf(indices);
  }
}
