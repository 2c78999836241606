package dev.detr4j.model.conditional;

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
import dev.detr4j.model.names.HuggingFaceNames;
import dev.detr4j.model.names.NameTable;
import dev.detr4j.model.names.TensorNames;
import dev.detr4j.model.resnet.BackboneReader;
import dev.detr4j.model.resnet.ResNetConfig;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Conditional DETR, of transformers and of Atten4Vis/ConditionalDETR. */
public final class ConditionalDetrFamily implements ModelFamily {
  /** The family. */
  public static final ConditionalDetrFamily CONDITIONAL_DETR = new ConditionalDetrFamily();

  private ConditionalDetrFamily() {}

  @Override
  public String modelType() {
    return "conditional_detr";
  }

  @Override
  public String architecture() {
    return "ConditionalDetrForObjectDetection";
  }

  @Override
  public ConditionalDetrConfig configuration(JsonObject configJson) {
    TransformersConfig config = new TransformersConfig(configJson, architecture());
    config.refuseAuxiliaryLoss();
    ResNetConfig backbone = new BackboneReader(configJson, List.of(1, 2, 3, 4), true).read();
    String layers = configJson.has("encoder_layers") ? "encoder_layers" : "num_hidden_layers";
    return new ConditionalDetrConfig(
        backbone,
        config.transformer(layers, 2048),
        config.queries("num_queries", 300),
        config.labels());
  }

  @Override
  public TensorNames huggingFaceNames(ModelConfig config) {
    return new HuggingFaceNames(
        own(config).backbone().transformersNames(), ConditionalHeadNames.NAMES);
  }

  @Override
  public List<CheckpointFormat> formats() {
    return List.of(Original.FORMAT);
  }

  @Override
  public TransformersForm transformersForm(ModelConfig config, List<String> labels) {
    ConditionalDetrConfig conditional = own(config);
    ConditionalDetrConfig written =
        new ConditionalDetrConfig(
            conditional.backbone().inTransformers(),
            conditional.transformer(),
            conditional.numQueries(),
            labels);
    Map<String, @Nullable Object> json = TransformersConfig.head(this);
    json.putAll(written.backbone().json(List.of(1, 2, 3, 4), false));
    json.putAll(TransformersConfig.json(written.transformer()));
    json.put("num_queries", written.numQueries());
    json.putAll(TransformersConfig.tail(labels));
    return new TransformersForm(
        written, json, "ConditionalDetrImageProcessor", huggingFaceNames(written), Map.of());
  }

  private static ConditionalDetrConfig own(ModelConfig config) {
    return (ConditionalDetrConfig) config;
  }

  /** Atten4Vis/ConditionalDETR. */
  private static final class Original implements CheckpointFormat {
    static final Original FORMAT = new Original();

    @Override
    public ModelSource source() {
      return ModelSource.CONDITIONAL_DETR;
    }

    @Override
    public List<String> marks() {
      return List.of("transformer.decoder.layers.0.ca_qpos_sine_proj.weight");
    }

    @Override
    public NameTable names() {
      return NameTable.of(ConditionalDetrFamily.class, "conditional-detr.txt");
    }

    @Override
    public ConditionalDetrConfig configuration(TensorEvidence tensors, RecognitionOptions options) {
      int outputStride = tensors.dilates(true) ? 16 : 32;
      String queries = "model.query_position_embeddings.weight";
      return new ConditionalDetrConfig(
          ResNetConfig.of(tensors, List.of(4), outputStride),
          tensors.transformer(tensors.extent(queries, 1)),
          tensors.extent(queries, 0),
          tensors.labels(tensors.extent("class_labels_classifier.weight", 0), CocoLabels.byId()));
    }
  }
}
