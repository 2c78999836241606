package dev.detr4j.cli;

import dev.detr4j.DetectorBuilder;
import dev.detr4j.cli.registry.LocalModel;
import dev.detr4j.model.description.ModelSource;
import dev.detr4j.model.family.RecognitionOptions;
import dev.detr4j.train.finetune.FineTuningBuilder;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/**
 * What a user says about a model beside where it is; what is not said is inferred from the file.
 */
final class ModelOptions {
  @Option(
      names = "--source",
      paramLabel = "PROJECT",
      converter = SourceName.class,
      description =
          "Project of the checkpoint, if detr4j cannot infer it from the tensors: huggingface, detr, deformable-detr,"
              + " detrex, mmdet or birder.")
  private @Nullable ModelSource source;

  @Option(
      names = "--variant",
      paramLabel = "NAME",
      description =
          "Variant of the model, such as r50-dc5 or single-scale-dc5. Dilation of the last stage cannot be inferred from"
              + " the weights.")
  private @Nullable String variant;

  @Option(
      names = "--proposals",
      paramLabel = "N",
      converter = EngineOptions.AtLeastOne.class,
      description =
          "Number of proposals that become queries, for a two-stage model without a config.json. Default: what the"
              + " file's records of its training say, else 300.")
  private @Nullable Integer proposals;

  @Option(
      names = "--heads",
      paramLabel = "N",
      converter = EngineOptions.AtLeastOne.class,
      description =
          "Number of attention heads, for a model without a config.json. Default: what the file's records of its training"
              + " say, else 8.")
  private @Nullable Integer heads;

  @Option(
      names = "--labels",
      paramLabel = "FILE",
      description =
          "Class names: one per line, or JSON from label ids to names. Default: the names in the model.")
  private @Nullable Path labels;

  /** Passes on what was said, which wins over what the builder was told before. */
  DetectorBuilder applyTo(DetectorBuilder builder) {
    if (source != null) {
      builder.source(source);
    }
    if (variant != null) {
      builder.variant(variant);
    }
    if (proposals != null) {
      builder.proposals(proposals);
    }
    if (heads != null) {
      builder.heads(heads);
    }
    if (labels != null) {
      builder.labels(labels);
    }
    return builder;
  }

  /** Passes on what was said, and what the registry says where nothing was. */
  void applyTo(FineTuningBuilder builder, LocalModel model) {
    RecognitionOptions said = recognition(model);
    if (said.source() != null) {
      builder.source(said.source());
    }
    if (said.variant() != null) {
      builder.variant(said.variant());
    }
    if (said.proposals() != null) {
      builder.proposals(said.proposals());
    }
    if (said.heads() != null) {
      builder.heads(said.heads());
    }
    if (labels != null) {
      builder.labels(labels);
    }
  }

  /** How many proposals were asked for, or "default". */
  String proposals() {
    return proposals == null ? "default" : proposals.toString();
  }

  /** How many heads were asked for, or "default". */
  String heads() {
    return heads == null ? "default" : heads.toString();
  }

  /** What was said of recognition, and what the registry says where nothing was. */
  RecognitionOptions recognition(LocalModel model) {
    return new RecognitionOptions(
        source == null ? model.source() : source,
        variant == null ? model.variant() : variant,
        proposals,
        heads);
  }

  /** The file of class names, or null. */
  @Nullable Path labels() {
    return labels;
  }

  /** A project by its id; the message of a wrong one lists the ids. */
  static final class SourceName implements ITypeConverter<ModelSource> {
    SourceName() {}

    @Override
    public ModelSource convert(String value) {
      try {
        return ModelSource.of(value);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }
}
