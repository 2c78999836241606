package dev.detr4j.checkpoint;

import dev.detr4j.error.ModelConfigException;
import dev.detr4j.error.OneLine;
import dev.detr4j.model.ModelFamilies;
import dev.detr4j.model.description.ModelSource;
import dev.detr4j.model.family.RecognitionOptions;
import java.nio.file.Path;

/** What a file or folder of a model is: the one place that decides it. */
public sealed interface ModelLocation {
  /** A model folder of the Hugging Face hub, or a file in one. */
  record HuggingFace(ModelFile file) implements ModelLocation {
    /** Reads the configurations; throws as {@link HuggingFaceDirectory#open(Path)} does. */
    public HuggingFaceDirectory open(ModelFamilies families) {
      return HuggingFaceDirectory.open(file, families);
    }
  }

  /** A file of tensors without a configuration, which is recognised by their names. */
  record Tensors(ModelFile file) implements ModelLocation {
    /** Opens the file; the caller closes it. */
    public Checkpoint open() {
      return file.name().endsWith(".safetensors")
          ? SafetensorsFile.open(file)
          : TorchCheckpoint.open(file);
    }
  }

  /**
   * Looks at a file or folder. A weight file beside a {@code config.json} is one of that folder,
   * unless the options name another project. One that does not exist counts as a folder, which
   * complains when it is opened.
   *
   * @throws ModelConfigException when the options say what the model is, and a {@code config.json}
   *     does so too
   */
  static ModelLocation of(ModelFile model, RecognitionOptions options) {
    ModelSource source = options.source();
    boolean other = source != null && source != ModelSource.HUGGING_FACE;
    boolean file = model.isRegular();
    if (file && (other || !isDescribed(model))) {
      return new Tensors(model);
    }
    boolean said = other || options.sayArchitecture();
    if (said && (file || model.child("config.json").isRegular())) {
      throw new ModelConfigException(
          "model %s: source, variant, proposals and heads apply to files without a config.json; this model has one"
              .formatted(OneLine.of(model.toString())));
    }
    return new HuggingFace(model);
  }

  /** Whether a file is one of those that a Hugging Face folder holds, and in such a folder. */
  private static boolean isDescribed(ModelFile file) {
    String name = file.name();
    return name.endsWith(".json")
        || ((name.endsWith(".safetensors") || name.endsWith(".bin"))
            && file.sibling("config.json").exists());
  }
}
