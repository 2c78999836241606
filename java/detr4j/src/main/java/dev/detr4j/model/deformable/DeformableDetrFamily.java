package dev.detr4j.model.deformable;

import dev.detr4j.error.ModelConfigException;
import dev.detr4j.json.JsonObject;
import dev.detr4j.model.description.ModelSource;
import dev.detr4j.model.family.CheckpointFormat;
import dev.detr4j.model.family.CocoLabels;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.family.ModelFamily;
import dev.detr4j.model.family.TransformersConfig;
import dev.detr4j.model.family.TransformersForm;
import dev.detr4j.model.names.HuggingFaceNames;
import dev.detr4j.model.names.TensorNames;
import dev.detr4j.model.resnet.BackboneReader;
import dev.detr4j.model.resnet.ResNetConfig;
import dev.detr4j.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Deformable DETR, of transformers and of the projects in {@link #formats}. */
public final class DeformableDetrFamily implements ModelFamily {
  /** The family. */
  public static final DeformableDetrFamily DEFORMABLE_DETR = new DeformableDetrFamily();

  private static final List<CheckpointFormat> FORMATS =
      List.of(
          new DeformableFormat(
              ModelSource.DEFORMABLE_DETR,
              DeformableDetrConfig.Numerics.STANDARD,
              CocoLabels::byId,
              List.of("transformer.level_embed", "backbone.0.body.conv1.weight")),
          new DeformableFormat(
              ModelSource.DETREX,
              DeformableDetrConfig.Numerics.DETREX,
              CocoLabels::contiguous,
              List.of("transformer.level_embeds", "backbone.stem.conv1.weight")),
          new DeformableFormat(
              ModelSource.MMDETECTION,
              DeformableDetrConfig.Numerics.MMDETECTION,
              CocoLabels::contiguous,
              List.of("bbox_head.cls_branches.0.weight")),
          new BirderFormat());

  private DeformableDetrFamily() {}

  @Override
  public String modelType() {
    return "deformable_detr";
  }

  @Override
  public String architecture() {
    return "DeformableDetrForObjectDetection";
  }

  @Override
  public DeformableDetrConfig configuration(JsonObject configJson) {
    TransformersConfig config = new TransformersConfig(configJson, architecture());
    int levels = configJson.integer("num_feature_levels", 4, 1, 16);
    ResNetConfig backbone =
        new BackboneReader(configJson, levels > 1 ? List.of(2, 3, 4) : List.of(4), false).read();
    int taps = backbone.taps().size();
    if (levels < taps || (levels == 1 && taps != 1)) {
      throw configJson.wrong(
          "num_feature_levels is %d, but the backbone hands out %d feature maps, expected at most as many"
              .formatted(levels, taps));
    }
    ModelConfig.TransformerConfig transformer = config.transformer("encoder_layers", 1024);
    if (transformer.dModel() % 32 != 0) {
      throw configJson.wrong(
          "d_model is "
              + transformer.dModel()
              + ", expected a multiple of the 32 groups of the input projection's norm");
    }
    boolean refine = configJson.bool("with_box_refine", false);
    boolean twoStage = configJson.bool("two_stage", false);
    if (twoStage && !refine) {
      throw configJson.wrong(
          "two_stage is true and with_box_refine is false, expected both to be true");
    }
    return new DeformableDetrConfig(
        backbone,
        transformer,
        levels,
        configJson.integer("encoder_n_points", 4, 1, 64),
        configJson.integer("decoder_n_points", 4, 1, 64),
        refine,
        twoStage,
        config.queries(twoStage ? "two_stage_num_proposals" : "num_queries", 300),
        config.labels(),
        DeformableDetrConfig.Numerics.STANDARD);
  }

  @Override
  public TensorNames huggingFaceNames(ModelConfig config) {
    DeformableDetrConfig deformable = (DeformableDetrConfig) config;
    return new HuggingFaceNames(
        resnet(deformable).transformersNames(), new DeformableHeadNames(deformable));
  }

  @Override
  public List<CheckpointFormat> formats() {
    return FORMATS;
  }

  @Override
  public TransformersForm transformersForm(ModelConfig config, List<String> labels) {
    DeformableDetrConfig deformable = (DeformableDetrConfig) config;
    ResNetConfig backbone = resnet(deformable).inTransformers();
    DeformableDetrConfig written = deformable.inTransformers(backbone, labels);
    Map<String, @Nullable Object> json = TransformersConfig.head(this);
    json.putAll(backbone.json(backbone.taps(), true));
    json.putAll(TransformersConfig.json(written.transformer()));
    json.put("num_queries", written.numQueries());
    json.put("num_feature_levels", written.numFeatureLevels());
    json.put("encoder_n_points", written.encoderPoints());
    json.put("decoder_n_points", written.decoderPoints());
    json.put("with_box_refine", written.withBoxRefine());
    json.put("two_stage", written.twoStage());
    if (written.twoStage()) {
      json.put("two_stage_num_proposals", written.numQueries());
    }
    json.putAll(TransformersConfig.tail(labels));
    Map<String, Shape> zeros = new LinkedHashMap<>();
    if (!deformable.numerics().neckBias()) {
      for (int level = 0; level < deformable.numFeatureLevels(); level++) {
        zeros.put(
            "model.input_proj." + level + ".0.bias", Shape.of(deformable.transformer().dModel()));
      }
    }
    return new TransformersForm(
        written, json, "DeformableDetrImageProcessor", huggingFaceNames(written), zeros);
  }

  private static ResNetConfig resnet(DeformableDetrConfig config) {
    if (config.backbone() instanceof ResNetConfig resnet) {
      return resnet;
    }
    throw new ModelConfigException(
        "transformers cannot express birder's model: its Deformable DETR shifts the sine position embedding by half a cell, and its ConvNeXt V2 has a norm on each tap and eps 1e-6 in the stem, where birder has raw taps and 1e-5");
  }
}
