package dev.detr4j.session;

import dev.detr4j.checkpoint.Checkpoint;
import dev.detr4j.checkpoint.CheckpointWeights;
import dev.detr4j.checkpoint.HuggingFaceDirectory;
import dev.detr4j.checkpoint.LabelFile;
import dev.detr4j.checkpoint.ModelFile;
import dev.detr4j.checkpoint.ModelLocation;
import dev.detr4j.checkpoint.PreprocessorConfig;
import dev.detr4j.image.Orientation;
import dev.detr4j.image.Preprocessing;
import dev.detr4j.model.ModelFamilies;
import dev.detr4j.model.description.Assumption;
import dev.detr4j.model.description.ModelSource;
import dev.detr4j.model.description.ModelSummary;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.family.RecognisedModel;
import dev.detr4j.model.family.RecognitionOptions;
import dev.detr4j.model.family.SourceBehaviour;
import dev.detr4j.model.graph.DetectionModel;
import dev.detr4j.postprocess.Postprocessing;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Everything about a model that does not depend on the backend. Whoever takes it closes the
 * checkpoint.
 */
public record DetectorAssembly(
    DetectionModel model,
    Preprocessing preprocessing,
    Orientation orientation,
    Supplier<Postprocessing> postprocessing,
    List<String> labels,
    Checkpoint checkpoint,
    ModelSummary summary) {
  private static Assumption standardPreprocessing(PreprocessorConfig standard) {
    String size =
        switch (standard.size()) {
          case PreprocessorConfig.Exactly exactly ->
              "have %d x %d pixels".formatted(exactly.width(), exactly.height());
          case PreprocessorConfig.Edges edges ->
              "have a short side of %d and a long one of at most %d pixels"
                  .formatted(edges.shortest(), edges.longest());
          case null, default -> "keep their size";
        };
    String statistics = standard.normalize() ? "the statistics of ImageNet" : "values from 0 to 1";
    return Assumption.of(
        "images %s and %s, since there is no preprocessor_config.json".formatted(size, statistics),
        null);
  }

  /**
   * Reads a Hugging Face model folder, or a file of tensors that is recognised by their names.
   *
   * @param families those that are known
   * @param labels a file of class names, or null for those that the model brings
   * @throws dev.detr4j.error.CheckpointException when the file is of no known source, or not of the
   *     one asked for
   */
  public static DetectorAssembly open(
      ModelFamilies families, Path path, RecognitionOptions options, @Nullable Path labels) {
    return open(families, ModelFile.of(path), options, labels);
  }

  /** As above, of files anywhere. */
  public static DetectorAssembly open(
      ModelFamilies families, ModelFile model, RecognitionOptions options, @Nullable Path labels) {
    return switch (ModelLocation.of(model, options)) {
      case ModelLocation.HuggingFace folder -> huggingFace(folder.open(families), labels);
      case ModelLocation.Tensors file -> recognised(families, file.open(), options, labels);
    };
  }

  private static DetectorAssembly huggingFace(
      HuggingFaceDirectory directory, @Nullable Path labels) {
    Preprocessing preprocessing = HuggingFacePreprocessing.of(directory.preprocessor());
    Checkpoint checkpoint = directory.openCheckpoint();
    try {
      return of(
          ModelSource.HUGGING_FACE,
          checkpoint,
          directory.config(),
          new CheckpointWeights(checkpoint, directory.names()),
          directory.config().family().behaviour().with(preprocessing),
          directory.hasPreprocessorFile()
              ? List.of()
              : List.of(standardPreprocessing(directory.preprocessor())),
          labels);
    } catch (Throwable e) {
      checkpoint.close();
      throw e;
    }
  }

  /** Infers the model of a checkpoint that has no configuration; closes it when that fails. */
  public static DetectorAssembly recognised(
      ModelFamilies families,
      Checkpoint checkpoint,
      RecognitionOptions options,
      @Nullable Path labels) {
    try {
      RecognisedModel found = families.recognise(checkpoint, options);
      return of(
          found.source(),
          checkpoint,
          found.config(),
          CheckpointWeights.of(checkpoint, found),
          found.behaviour(),
          found.assumed(),
          labels);
    } catch (Throwable e) {
      checkpoint.close();
      throw e;
    }
  }

  private static DetectorAssembly of(
      ModelSource source,
      Checkpoint checkpoint,
      ModelConfig config,
      CheckpointWeights weights,
      SourceBehaviour behaviour,
      List<Assumption> assumed,
      @Nullable Path labels) {
    DetectionModel model = config.network(weights);
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
        summary(
            source,
            config,
            weights.elements(),
            checkpoint.container(),
            labels == null ? assumed : withoutLabels(assumed)));
  }

  /** What remains to be assumed when the caller names the classes. */
  private static List<Assumption> withoutLabels(List<Assumption> assumed) {
    return assumed.stream().filter(each -> each.kind() != Assumption.Kind.LABELS).toList();
  }

  private static ModelSummary summary(
      ModelSource source,
      ModelConfig config,
      long parameters,
      String container,
      List<Assumption> assumed) {
    return new ModelSummary(
        source,
        config.variant(),
        config.architecture(),
        config.backbone().title(),
        config.backbone().dilated(),
        config.transformer().encoderLayers(),
        config.transformer().decoderLayers(),
        config.numFeatureLevels(),
        config.withBoxRefine(),
        config.twoStage(),
        config.numQueries(),
        config.labels().size(),
        parameters,
        container,
        assumed);
  }
}
