package dev.detr4j.model.detr;

import dev.detr4j.json.JsonObject;
import dev.detr4j.model.description.ModelSource;
import dev.detr4j.model.family.CheckpointFormat;
import dev.detr4j.model.family.CocoLabels;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.family.ModelFamily;
import dev.detr4j.model.family.RecognitionOptions;
import dev.detr4j.model.family.TensorEvidence;
import dev.detr4j.model.family.TransformersConfig;
import dev.detr4j.model.family.TransformersForm;
import dev.detr4j.model.names.HeadNames;
import dev.detr4j.model.names.HuggingFaceNames;
import dev.detr4j.model.names.NameTable;
import dev.detr4j.model.names.TensorNames;
import dev.detr4j.model.resnet.BackboneReader;
import dev.detr4j.model.resnet.ResNetConfig;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** DETR, of transformers and of facebookresearch/detr. */
public final class DetrFamily implements ModelFamily {
  /** The family. */
  public static final DetrFamily DETR = new DetrFamily();

  private DetrFamily() {}

  @Override
  public String modelType() {
    return "detr";
  }

  @Override
  public String architecture() {
    return "DetrForObjectDetection";
  }

  @Override
  public DetrConfig configuration(JsonObject configJson) {
    TransformersConfig config = new TransformersConfig(configJson, architecture());
    // DETR looks at the last map only, and its class asks for all of them.
    ResNetConfig backbone = new BackboneReader(configJson, List.of(1, 2, 3, 4), true).read();
    // Only DetrConfig maps num_hidden_layers.
    String layers = configJson.has("encoder_layers") ? "encoder_layers" : "num_hidden_layers";
    return new DetrConfig(
        backbone,
        config.transformer(layers, 2048),
        config.queries("num_queries", 100),
        config.labels());
  }

  @Override
  public TensorNames huggingFaceNames(ModelConfig config) {
    return new HuggingFaceNames(own(config).backbone().transformersNames(), HeadNames.PLAIN);
  }

  @Override
  public List<CheckpointFormat> formats() {
    return List.of(Original.FORMAT);
  }

  @Override
  public TransformersForm transformersForm(ModelConfig config, List<String> labels) {
    DetrConfig detr = own(config);
    DetrConfig written =
        new DetrConfig(
            detr.backbone().inTransformers(), detr.transformer(), detr.numQueries(), labels);
    Map<String, @Nullable Object> json = TransformersConfig.head(this);
    json.putAll(written.backbone().json(List.of(1, 2, 3, 4), false));
    json.putAll(TransformersConfig.json(written.transformer()));
    json.put("num_queries", written.numQueries());
    json.putAll(TransformersConfig.tail(labels));
    return new TransformersForm(
        written, json, "DetrImageProcessor", huggingFaceNames(written), Map.of());
  }

  private static DetrConfig own(ModelConfig config) {
    return (DetrConfig) config;
  }

  /** facebookresearch/detr. */
  private static final class Original implements CheckpointFormat {
    static final Original FORMAT = new Original();

    @Override
    public ModelSource source() {
      return ModelSource.DETR;
    }

    @Override
    public List<String> marks() {
      return List.of("transformer.decoder.layers.0.multihead_attn.in_proj_weight");
    }

    @Override
    public NameTable names() {
      return NameTable.of(DetrFamily.class, "detr.txt");
    }

    @Override
    public DetrConfig configuration(TensorEvidence tensors, RecognitionOptions options) {
      int outputStride = tensors.dilates(true) ? 16 : 32;
      int classes = tensors.extent("class_labels_classifier.weight", 0) - 1;
      String queries = "model.query_position_embeddings.weight";
      return new DetrConfig(
          ResNetConfig.of(tensors, List.of(4), outputStride),
          tensors.transformer(tensors.extent(queries, 1)),
          tensors.extent(queries, 0),
          tensors.labels(classes, CocoLabels.byId()));
    }
  }
}
