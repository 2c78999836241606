package dev.detr4j.checkpoint;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.ModelConfigException;
import dev.detr4j.error.OneLine;
import dev.detr4j.model.ModelFamilies;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.names.TensorNames;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A model folder as the Hugging Face hub lays it out: {@code config.json}, optionally {@code
 * preprocessor_config.json}, and the weights: {@code model.safetensors} or {@code
 * model.safetensors.index.json} with its shards, otherwise {@code pytorch_model.bin} or {@code
 * pytorch_model.bin.index.json} with its shards, which hold the same tensors by the same names.
 *
 * <p>Opening reads the two configurations; {@link #openCheckpoint} maps the weights, or copies them
 * where they cannot be mapped. Immutable and thread-safe.
 */
public final class HuggingFaceDirectory {
  private static final List<String> WEIGHTS =
      List.of(
          "model.safetensors",
          "model.safetensors.index.json",
          "pytorch_model.bin",
          "pytorch_model.bin.index.json");
  private static final List<String> ENDINGS =
      List.of(".safetensors", ".safetensors.index.json", ".bin", ".bin.index.json");

  private final ModelFile weights;
  private final byte[] configText;
  private final byte @Nullable [] preprocessorText;
  private final ModelConfig config;
  private final PreprocessorConfig preprocessor;

  private HuggingFaceDirectory(ModelFile folder, ModelFile weights, ModelFamilies families) {
    this.weights = weights;
    ModelFile configJson = folder.child("config.json");
    if (!configJson.exists()) {
      throw new ModelConfigException(
          "model "
              + OneLine.of(folder.toString())
              + ": there is no config.json, expected a Hugging Face model folder");
    }
    this.configText = configJson.text(ModelConfigException::new);
    this.config = families.read(configJson.json(configText, ModelConfigException::new));
    ModelFile preprocessorJson = folder.child("preprocessor_config.json");
    // A link whose target is gone is there: it is a mistake, not an absent file.
    this.preprocessorText =
        preprocessorJson.isListed() ? preprocessorJson.text(ModelConfigException::new) : null;
    this.preprocessor =
        preprocessorText == null
            ? PreprocessorConfig.defaults(config.family().imageProcessor())
            : PreprocessorConfig.read(
                preprocessorJson.json(preprocessorText, ModelConfigException::new),
                config.family().imageProcessor());
  }

  /**
   * Reads the configurations of a model.
   *
   * @param path the folder, or a {@code .safetensors} or {@code .bin} file or shard index in it
   * @throws ModelConfigException when a configuration is missing, malformed, or of a model that is
   *     not supported
   * @throws CheckpointException when there are no weights in the folder
   */
  public static HuggingFaceDirectory open(Path path) {
    return open(ModelFile.of(path), ModelFamilies.ALL);
  }

  /** As above, of files anywhere and with the families that are known. */
  public static HuggingFaceDirectory open(ModelFile model, ModelFamilies families) {
    if (model.isFolder()) {
      return new HuggingFaceDirectory(model, findWeights(model), families);
    }
    if (!model.exists()) {
      throw new ModelConfigException(
          "model " + OneLine.of(model.toString()) + ": there is no such file or folder");
    }
    if (!model.isRegular()) {
      throw new CheckpointException(
          "checkpoint %s: is a pipe, a socket or a device, expected a folder or a file"
              .formatted(OneLine.of(model.toString())));
    }
    if (ENDINGS.stream().noneMatch(model.name()::endsWith)) {
      throw new CheckpointException(
          "checkpoint %s: expected a folder, or a file that ends in %s"
              .formatted(OneLine.of(model.toString()), String.join(", ", ENDINGS)));
    }
    return new HuggingFaceDirectory(model.folder(), model, families);
  }

  private static ModelFile findWeights(ModelFile folder) {
    for (String name : WEIGHTS) {
      if (folder.child(name).exists()) {
        return folder.child(name);
      }
    }
    // The configuration is the better complaint when neither is there.
    if (!folder.child("config.json").exists()) {
      return folder.child(WEIGHTS.getFirst());
    }
    throw new CheckpointException(
        "model %s: there are no weights, expected one of %s"
            .formatted(OneLine.of(folder.toString()), String.join(", ", WEIGHTS)));
  }

  /** The architecture that {@code config.json} describes. */
  public ModelConfig config() {
    return config;
  }

  /**
   * What {@code preprocessor_config.json} says, or {@link PreprocessorConfig#defaults} when there
   * is none.
   */
  public PreprocessorConfig preprocessor() {
    return preprocessor;
  }

  /** Whether {@link #preprocessor} came from a file. */
  public boolean hasPreprocessorFile() {
    return preprocessorText != null;
  }

  /** The text of {@code config.json}; a copy. */
  public byte[] configText() {
    return configText.clone();
  }

  /** The text of {@code preprocessor_config.json}, a copy; null when there is none. */
  public byte @Nullable [] preprocessorText() {
    return preprocessorText == null ? null : preprocessorText.clone();
  }

  /** The names under which this source stores its tensors. */
  public TensorNames names() {
    return config.family().huggingFaceNames(config);
  }

  /**
   * Maps the weights. Those of streams can be opened once. The caller closes the checkpoint when no
   * weight of it will be read any more.
   */
  public Checkpoint openCheckpoint() {
    String name = weights.name();
    if (name.endsWith(".json")) {
      return ShardedCheckpoint.open(weights);
    }
    return name.endsWith(".bin") ? TorchCheckpoint.open(weights) : SafetensorsFile.open(weights);
  }
}
