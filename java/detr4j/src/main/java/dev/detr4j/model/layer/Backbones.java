package dev.detr4j.model.layer;

import dev.detr4j.checkpoint.BackboneConfig;
import dev.detr4j.checkpoint.ConvNextV2Config;
import dev.detr4j.checkpoint.ResNetConfig;
import dev.detr4j.checkpoint.WeightSource;
import dev.detr4j.model.Backbone;
import dev.detr4j.model.convnext.ConvNextV2Backbone;
import dev.detr4j.model.resnet.ResNetBackbone;

/** The network of each kind of backbone. */
public final class Backbones {
  private Backbones() {}

  /** Reads the weights of all stages up to the last one that the neck takes. */
  public static Backbone of(BackboneConfig config, WeightSource source) {
    return switch (config) {
      case ConvNextV2Config convNext -> new ConvNextV2Backbone(convNext, source);
      case ResNetConfig resnet -> new ResNetBackbone(resnet, source);
    };
  }
}
