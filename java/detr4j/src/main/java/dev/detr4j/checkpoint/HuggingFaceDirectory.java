package dev.detr4j.checkpoint;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.ModelConfigException;
import dev.detr4j.error.OneLine;
import dev.detr4j.model.ModelFamilies;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.names.TensorNames;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;

/**
 * A model folder as the Hugging Face hub lays it out: {@code config.json}, optionally {@code
 * preprocessor_config.json}, and the weights: {@code model.safetensors} or {@code
 * model.safetensors.index.json} with its shards, otherwise {@code pytorch_model.bin} or {@code
 * pytorch_model.bin.index.json} with its shards, which hold the same tensors by the same names.
 *
 * <p>Opening reads the two configurations; {@link #openCheckpoint} maps the weights. Immutable and
 * thread-safe.
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

  private final Path folder;
  private final Path weights;
  private final ModelConfig config;
  private final PreprocessorConfig preprocessor;
  private final boolean preprocessorFound;

  private HuggingFaceDirectory(Path folder, Path weights, ModelFamilies families) {
    this.folder = folder;
    this.weights = weights;
    Path configJson = folder.resolve("config.json");
    if (!Files.exists(configJson)) {
      throw new ModelConfigException(
          "model "
              + OneLine.of(folder.toString())
              + ": there is no config.json, expected a Hugging Face model folder");
    }
    this.config = families.read(configJson);
    Path preprocessorJson = folder.resolve("preprocessor_config.json");
    // A link whose target is gone is there: it is a mistake, not an absent file.
    this.preprocessorFound = Files.exists(preprocessorJson, LinkOption.NOFOLLOW_LINKS);
    this.preprocessor =
        preprocessorFound
            ? PreprocessorConfig.read(preprocessorJson)
            : PreprocessorConfig.defaults();
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
    return open(path, ModelFamilies.ALL);
  }

  /** As above, with the families that are known. */
  public static HuggingFaceDirectory open(Path path, ModelFamilies families) {
    if (Files.isDirectory(path)) {
      return new HuggingFaceDirectory(path, findWeights(path), families);
    }
    if (!Files.exists(path)) {
      throw new ModelConfigException(
          "model " + OneLine.of(path.toString()) + ": there is no such file or folder");
    }
    if (!Files.isRegularFile(path)) {
      throw new CheckpointException(
          "checkpoint %s: is a pipe, a socket or a device, expected a folder or a file"
              .formatted(OneLine.of(path.toString())));
    }
    String name = String.valueOf(path.getFileName());
    if (ENDINGS.stream().noneMatch(name::endsWith)) {
      throw new CheckpointException(
          "checkpoint %s: expected a folder, or a file that ends in %s"
              .formatted(OneLine.of(path.toString()), String.join(", ", ENDINGS)));
    }
    Path folder = path.toAbsolutePath().getParent();
    return new HuggingFaceDirectory(
        folder == null ? path.toAbsolutePath() : folder, path, families);
  }

  private static Path findWeights(Path folder) {
    for (String name : WEIGHTS) {
      if (Files.exists(folder.resolve(name))) {
        return folder.resolve(name);
      }
    }
    // The configuration is the better complaint when neither is there.
    if (!Files.exists(folder.resolve("config.json"))) {
      return folder.resolve(WEIGHTS.getFirst());
    }
    throw new CheckpointException(
        "model %s: there are no weights, expected one of %s"
            .formatted(OneLine.of(folder.toString()), String.join(", ", WEIGHTS)));
  }

  /** The folder that was opened. */
  public Path folder() {
    return folder;
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
    return preprocessorFound;
  }

  /** The names under which this source stores its tensors. */
  public TensorNames names() {
    return config.family().huggingFaceNames(config);
  }

  /**
   * Maps the weights. The caller closes the checkpoint when no weight of it will be read any more.
   */
  public Checkpoint openCheckpoint() {
    String name = weights.toString();
    if (name.endsWith(".json")) {
      return ShardedCheckpoint.open(weights);
    }
    return name.endsWith(".bin") ? TorchCheckpoint.open(weights) : SafetensorsFile.open(weights);
  }
}
