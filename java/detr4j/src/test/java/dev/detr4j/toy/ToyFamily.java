package dev.detr4j.toy;

import dev.detr4j.error.ModelConfigException;
import dev.detr4j.json.JsonObject;
import dev.detr4j.model.description.ModelSource;
import dev.detr4j.model.family.CheckpointFormat;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.family.ModelFamily;
import dev.detr4j.model.family.RecognitionOptions;
import dev.detr4j.model.family.TensorEvidence;
import dev.detr4j.model.family.TransformersConfig;
import dev.detr4j.model.family.TransformersForm;
import dev.detr4j.model.names.BackboneNames;
import dev.detr4j.model.names.HeadNames;
import dev.detr4j.model.names.HuggingFaceNames;
import dev.detr4j.model.names.NameTable;
import dev.detr4j.model.names.TensorNames;
import java.util.List;

/** Queries that look once at a map of 16x16 patches. */
public final class ToyFamily implements ModelFamily {
  /** The family. */
  public static final ToyFamily TOY = new ToyFamily();

  private ToyFamily() {}

  @Override
  public String modelType() {
    return "toy_detr";
  }

  @Override
  public String architecture() {
    return "ToyDetrForObjectDetection";
  }

  @Override
  public ToyConfig configuration(JsonObject configJson) {
    TransformersConfig config = new TransformersConfig(configJson, architecture());
    return new ToyConfig(
        configJson.integer("patch_width", 8, 4, 1024),
        config.queries("num_queries", 10),
        config.labels());
  }

  @Override
  public TensorNames huggingFaceNames(ModelConfig config) {
    return new HuggingFaceNames(
        new BackboneNames() {
          @Override
          public List<String> spellings(String name) {
            return List.of(name);
          }

          @Override
          public boolean unused(String name) {
            return false;
          }
        },
        HeadNames.PLAIN);
  }

  @Override
  public List<CheckpointFormat> formats() {
    return List.of(new Original());
  }

  @Override
  public TransformersForm transformersForm(ModelConfig config, List<String> labels) {
    throw new ModelConfigException("transformers has no toys");
  }

  /** Its tensors are told by a mark; they keep the canonical names. */
  private static final class Original implements CheckpointFormat {
    @Override
    public ModelSource source() {
      return ModelSource.DETR;
    }

    @Override
    public List<String> marks() {
      return List.of("toy.patches.weight");
    }

    @Override
    public NameTable names() {
      return NameTable.of(ToyFamily.class, "toy.txt");
    }

    @Override
    public ModelConfig configuration(TensorEvidence tensors, RecognitionOptions options) {
      return new ToyConfig(
          tensors.extent("backbone.patches.weight", 0),
          tensors.extent("model.query_position_embeddings.weight", 0),
          tensors.labels(tensors.extent("class_head.weight", 0), List.of()));
    }
  }
}
