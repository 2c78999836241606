package dev.detr4j.checkpoint;

import dev.detr4j.error.ModelConfigException;
import dev.detr4j.model.description.ModelSource;
import dev.detr4j.model.family.RecognitionOptions;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a path to a model is: the one place that decides it. */
public sealed interface ModelLocation {
  /** The path as it was given. */
  Path path();

  /** A model folder of the Hugging Face hub, or a file in one. */
  record HuggingFace(Path path) implements ModelLocation {}

  /** A file of tensors without a configuration, which is recognised by their names. */
  record Tensors(Path path) implements ModelLocation {
    /** Opens the file; the caller closes it. */
    public Checkpoint open() {
      return path.toString().endsWith(".safetensors")
          ? SafetensorsFile.open(path)
          : TorchCheckpoint.open(path);
    }
  }

  /**
   * Looks at a path. A weight file beside a {@code config.json} is one of that folder, unless the
   * options name another project. A path that does not exist counts as a folder, which complains
   * when it is opened.
   *
   * @throws ModelConfigException when the options say what the model is, and a {@code config.json}
   *     does so too
   */
  static ModelLocation of(Path path, RecognitionOptions options) {
    ModelSource source = options.source();
    boolean other = source != null && source != ModelSource.HUGGING_FACE;
    boolean file = Files.isRegularFile(path);
    if (file && (other || !isDescribed(path))) {
      return new Tensors(path);
    }
    boolean said = other || options.sayArchitecture();
    if (said && (file || Files.isRegularFile(path.resolve("config.json")))) {
      throw new ModelConfigException(
          "model %s: source, variant, proposals and heads apply to files without a config.json; this model has one"
              .formatted(path));
    }
    return new HuggingFace(path);
  }

  /** Whether a file is one of those that a Hugging Face folder holds, and in such a folder. */
  private static boolean isDescribed(Path file) {
    String name = file.toString();
    Path folder = file.toAbsolutePath().getParent();
    return name.endsWith(".json")
        || ((name.endsWith(".safetensors") || name.endsWith(".bin"))
            && folder != null
            && Files.exists(folder.resolve("config.json")));
  }
}
