package dev.detr4j.model.tabletransformer;

import dev.detr4j.json.JsonObject;
import dev.detr4j.model.family.CheckpointFormat;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.family.ModelFamily;
import dev.detr4j.model.family.TransformersConfig;
import dev.detr4j.model.family.TransformersForm;
import dev.detr4j.model.names.HeadNames;
import dev.detr4j.model.names.HuggingFaceNames;
import dev.detr4j.model.names.TensorNames;
import dev.detr4j.model.resnet.BackboneReader;
import dev.detr4j.model.resnet.ResNetConfig;
import dev.detr4j.postprocess.DetrPostprocessing;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Table Transformer, of transformers and of microsoft/table-transformer. */
public final class TableTransformerFamily implements ModelFamily {
  /** The family. */
  public static final TableTransformerFamily TABLE_TRANSFORMER = new TableTransformerFamily();

  private TableTransformerFamily() {}

  @Override
  public String modelType() {
    return "table-transformer";
  }

  @Override
  public String architecture() {
    return "TableTransformerForObjectDetection";
  }

  @Override
  public TableTransformerConfig configuration(JsonObject configJson) {
    TransformersConfig config = new TransformersConfig(configJson, architecture());
    config.refuseAuxiliaryLoss();
    ResNetConfig backbone = new BackboneReader(configJson, List.of(1, 2, 3, 4), true).read();
    String layers = configJson.has("encoder_layers") ? "encoder_layers" : "num_hidden_layers";
    return new TableTransformerConfig(
        backbone,
        config.transformer(layers, 2048),
        config.queries("num_queries", 100),
        config.labels(),
        DetrPostprocessing.Candidates.ALL);
  }

  @Override
  public TensorNames huggingFaceNames(ModelConfig config) {
    return new HuggingFaceNames(own(config).backbone().transformersNames(), HeadNames.PLAIN);
  }

  @Override
  public List<CheckpointFormat> formats() {
    return List.of(OriginalFormat.FORMAT);
  }

  @Override
  public TransformersForm transformersForm(ModelConfig config, List<String> labels) {
    TableTransformerConfig table = own(config);
    TableTransformerConfig written =
        new TableTransformerConfig(
            table.backbone().inTransformers(),
            table.transformer(),
            table.numQueries(),
            labels,
            DetrPostprocessing.Candidates.ALL);
    Map<String, @Nullable Object> json = TransformersConfig.head(this);
    json.putAll(written.backbone().json(List.of(1, 2, 3, 4), false));
    json.putAll(TransformersConfig.json(written.transformer()));
    json.put("num_queries", written.numQueries());
    json.putAll(TransformersConfig.tail(labels));
    Map<String, @Nullable Object> size = new LinkedHashMap<>();
    size.put("shortest_edge", 800);
    size.put("longest_edge", OriginalFormat.longest(table));
    return new TransformersForm(
            written, json, "DetrImageProcessor", huggingFaceNames(written), Map.of())
        .withPreprocessor(Map.of("size", size));
  }

  private static TableTransformerConfig own(ModelConfig config) {
    return (TableTransformerConfig) config;
  }
}
