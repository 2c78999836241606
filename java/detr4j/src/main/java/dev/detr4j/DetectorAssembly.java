package dev.detr4j;

import dev.detr4j.checkpoint.Checkpoint;
import dev.detr4j.checkpoint.CheckpointWeights;
import dev.detr4j.checkpoint.DeformableDetrConfig;
import dev.detr4j.checkpoint.DetrConfig;
import dev.detr4j.checkpoint.HuggingFaceDirectory;
import dev.detr4j.checkpoint.LabelFile;
import dev.detr4j.checkpoint.ModelConfig;
import dev.detr4j.checkpoint.RecognisedModel;
import dev.detr4j.checkpoint.RecognitionOptions;
import dev.detr4j.checkpoint.SafetensorsFile;
import dev.detr4j.checkpoint.TorchCheckpoint;
import dev.detr4j.checkpoint.WeightSource;
import dev.detr4j.image.Orientation;
import dev.detr4j.image.Preprocessing;
import dev.detr4j.model.DetectionModel;
import dev.detr4j.model.deformable.DeformableDetrModel;
import dev.detr4j.model.detr.DetrModel;
import dev.detr4j.postprocess.Postprocessing;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Everything about a model that does not depend on the backend. Whoever takes it closes the
 * checkpoint.
 */
record DetectorAssembly(
    DetectionModel model,
    Preprocessing preprocessing,
    Orientation orientation,
    Supplier<Postprocessing> postprocessing,
    List<String> labels,
    Checkpoint checkpoint,
    ModelSummary summary) {
  private static final Assumption STANDARD_PREPROCESSING =
      new Assumption(
          "images have a short side of 800 and a long one of at most 1333 pixels and the statistics of"
              + " ImageNet, since there is no preprocessor_config.json",
          null);

  /**
   * Reads a Hugging Face model folder, or a file of tensors that is recognised by their names.
   *
   * @param labels a file of class names, or null for those that the model brings
   * @throws CheckpointException when the file is of no known source, or not of the one asked for
   */
  static DetectorAssembly open(Path path, RecognitionOptions options, @Nullable Path labels) {
    if (Files.isRegularFile(path) && (isOther(options.source()) || !hasConfiguration(path))) {
      Checkpoint tensors =
          path.toString().endsWith(".safetensors")
              ? SafetensorsFile.open(path)
              : TorchCheckpoint.open(path);
      return recognised(tensors, options, labels);
    }
    boolean said =
        options.variant() != null || options.proposals() != null || isOther(options.source());
    Path configuration = path.resolve("config.json");
    if (said && (Files.isRegularFile(path) || Files.isRegularFile(configuration))) {
      throw new ModelConfigException(
          "model %s: source, variant and proposals are for files without a config.json; this one has a config.json, which says what it is"
              .formatted(path));
    }
    return huggingFace(path, labels);
  }

  /** Whether a file is one of those that a Hugging Face folder holds, and in such a folder. */
  private static boolean hasConfiguration(Path path) {
    String name = path.toString();
    Path folder = path.toAbsolutePath().getParent();
    boolean described = folder != null && Files.exists(folder.resolve("config.json"));
    return name.endsWith(".json")
        || (described && (name.endsWith(".safetensors") || name.endsWith(".bin")));
  }

  private static boolean isOther(@Nullable ModelSource source) {
    return source != null && source != ModelSource.HUGGING_FACE;
  }

  private static DetectorAssembly huggingFace(Path path, @Nullable Path labels) {
    HuggingFaceDirectory directory = HuggingFaceDirectory.open(path);
    Preprocessing preprocessing = HuggingFacePreprocessing.of(directory.preprocessor());
    Checkpoint checkpoint = directory.openCheckpoint();
    try {
      return of(
          ModelSource.HUGGING_FACE,
          checkpoint,
          directory.config(),
          new CheckpointWeights(checkpoint, directory.names()),
          SourceBehaviour.of(ModelSource.HUGGING_FACE).with(preprocessing),
          directory.hasPreprocessorFile() ? List.of() : List.of(STANDARD_PREPROCESSING),
          labels);
    } catch (Throwable e) {
      checkpoint.close();
      throw e;
    }
  }

  /** Infers the model of a checkpoint that has no configuration; closes it when that fails. */
  static DetectorAssembly recognised(
      Checkpoint checkpoint, RecognitionOptions options, @Nullable Path labels) {
    try {
      RecognisedModel found = RecognisedModel.of(checkpoint, options);
      return of(
          found.source(),
          checkpoint,
          found.config(),
          found.weights(checkpoint),
          SourceBehaviour.of(found.source()).with(found.input()),
          labels == null ? found.assumed() : withoutLabels(found.assumed()),
          labels);
    } catch (Throwable e) {
      checkpoint.close();
      throw e;
    }
  }

  /** What remains to be assumed when the caller names the classes. */
  private static List<Assumption> withoutLabels(List<Assumption> assumed) {
    return assumed.stream()
        .filter(each -> each.otherwise() == null || !each.otherwise().startsWith("labels "))
        .toList();
  }

  private static DetectorAssembly of(
      ModelSource source,
      Checkpoint checkpoint,
      ModelConfig config,
      CheckpointWeights weights,
      SourceBehaviour behaviour,
      List<Assumption> assumed,
      @Nullable Path labels) {
    DetectionModel model = model(config, weights);
    weights.finish();
    int classes = config.labels().size();
    return new DetectorAssembly(
        model,
        behaviour.preprocessing(),
        behaviour.orientation(),
        () -> behaviour.newPostprocessing(config),
        labels == null
            ? behaviour.labels(config)
            : LabelFile.read(labels, classes, behaviour.firstLabel(config)),
        checkpoint,
        summary(source, config, weights.elements(), checkpoint.container(), assumed));
  }

  private static ModelSummary summary(
      ModelSource source,
      ModelConfig config,
      long parameters,
      String container,
      List<Assumption> assumed) {
    DeformableDetrConfig deformable =
        config instanceof DeformableDetrConfig refining ? refining : null;
    return new ModelSummary(
        source,
        config.variant(),
        architecture(config),
        config.backbone().title(),
        config.backbone().dilated(),
        config.transformer().encoderLayers(),
        config.transformer().decoderLayers(),
        config.numFeatureLevels(),
        deformable != null && deformable.withBoxRefine(),
        deformable != null && deformable.twoStage(),
        config.numQueries(),
        config.labels().size(),
        parameters,
        container,
        assumed);
  }

  /** The network of a configuration. */
  static DetectionModel model(ModelConfig config, WeightSource source) {
    return switch (config) {
      case DetrConfig detr -> new DetrModel(detr, source);
      case DeformableDetrConfig deformable -> new DeformableDetrModel(deformable, source);
    };
  }

  private static String architecture(ModelConfig config) {
    return switch (config) {
      case DetrConfig detr -> "DETR" + (detr.backbone().dilated() ? ", DC5" : "");
      case DeformableDetrConfig deformable ->
          "Deformable DETR"
              + (deformable.numFeatureLevels() == 1 ? ", single scale" : "")
              + (deformable.backbone().dilated() ? ", DC5" : "")
              + (deformable.withBoxRefine() ? ", box refinement" : "")
              + (deformable.twoStage() ? ", two-stage" : "");
    };
  }
}
