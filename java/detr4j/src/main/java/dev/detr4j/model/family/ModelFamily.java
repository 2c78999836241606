package dev.detr4j.model.family;

import dev.detr4j.json.JsonObject;
import dev.detr4j.model.description.ModelSource;
import dev.detr4j.model.names.TensorNames;
import java.util.List;

/**
 * One family of detectors: everything that tells its models from those of another.
 *
 * <p>A family lives in a folder of its own beside its network and stands in the list of {@code
 * ModelFamilies}; nothing else knows it. Its {@link ModelConfig} makes the network and the
 * selection of one model. Implementations are immutable and thread-safe, and have no state.
 */
public interface ModelFamily {
  /** What {@code model_type} in a {@code config.json} calls the family, as in {@code detr}. */
  String modelType();

  /** The class of transformers that detects with its models. */
  String architecture();

  /** The class of transformers that prepares its images unless a file says otherwise. */
  default String imageProcessor() {
    return "DetrImageProcessor";
  }

  /**
   * The configuration that a {@code config.json} describes, of transformers 4.x or 5.x.
   *
   * <p>Absent fields take the defaults of transformers. A setting that would change the numbers and
   * is not supported is an error.
   *
   * @throws dev.detr4j.error.ModelConfigException when it is malformed or not supported
   */
  ModelConfig configuration(JsonObject configJson);

  /**
   * The names that Hugging Face checkpoints of a model have, in the spellings of transformers 4.x
   * and 5.x.
   *
   * @param config of this family
   */
  TensorNames huggingFaceNames(ModelConfig config);

  /** What transformers does before and after the networks of the family, unless a file says so. */
  default SourceBehaviour behaviour() {
    return SourceBehaviour.of(ModelSource.HUGGING_FACE);
  }

  /** How other projects store models of the family, each told by its tensors. */
  List<CheckpointFormat> formats();

  /**
   * The same model as transformers has it, for a conversion.
   *
   * @param config of this family
   * @param labels the class names to write
   * @throws dev.detr4j.error.ModelConfigException when transformers has no such architecture; the
   *     message says what it lacks, and names no file
   */
  TransformersForm transformersForm(ModelConfig config, List<String> labels);
}
