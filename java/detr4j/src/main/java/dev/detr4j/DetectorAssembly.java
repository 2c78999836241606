package dev.detr4j;

import dev.detr4j.checkpoint.BackboneConfig;
import dev.detr4j.checkpoint.Checkpoint;
import dev.detr4j.checkpoint.CheckpointWeights;
import dev.detr4j.checkpoint.DeformableDetrConfig;
import dev.detr4j.checkpoint.DetrConfig;
import dev.detr4j.checkpoint.HuggingFaceDirectory;
import dev.detr4j.checkpoint.ModelConfig;
import dev.detr4j.checkpoint.RecognisedModel;
import dev.detr4j.checkpoint.RecognitionOptions;
import dev.detr4j.checkpoint.ResNetConfig;
import dev.detr4j.checkpoint.SafetensorsFile;
import dev.detr4j.checkpoint.TorchCheckpoint;
import dev.detr4j.checkpoint.WeightSource;
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
    Supplier<Postprocessing> postprocessing,
    List<String> labels,
    Checkpoint checkpoint,
    ModelSummary summary) {

  /**
   * Reads a Hugging Face model folder, or a file of tensors that is recognised by their names.
   *
   * @throws CheckpointException when the file is of no known source, or not of the one asked for
   */
  static DetectorAssembly open(Path path, RecognitionOptions options) {
    if (Files.isRegularFile(path) && (isOther(options.source()) || !hasConfiguration(path))) {
      Checkpoint tensors =
          path.toString().endsWith(".safetensors")
              ? SafetensorsFile.open(path)
              : TorchCheckpoint.open(path);
      return recognised(tensors, options);
    }
    if (options.variant() != null || isOther(options.source())) {
      throw new ModelConfigException(
          "model %s: source and variant are inferred for files of tensors; this is a Hugging Face folder, whose config.json says what it is"
              .formatted(path));
    }
    return huggingFace(path);
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

  private static DetectorAssembly huggingFace(Path path) {
    HuggingFaceDirectory directory = HuggingFaceDirectory.open(path);
    Preprocessing preprocessing = HuggingFacePreprocessing.of(directory.preprocessor());
    Checkpoint checkpoint = directory.openCheckpoint();
    try {
      return of(
          checkpoint,
          directory.config(),
          new CheckpointWeights(checkpoint, directory.names()),
          SourceBehaviour.of(ModelSource.HUGGING_FACE).with(preprocessing));
    } catch (Throwable e) {
      checkpoint.close();
      throw e;
    }
  }

  /** Infers the model of a checkpoint that has no configuration; closes it when that fails. */
  static DetectorAssembly recognised(Checkpoint checkpoint, RecognitionOptions options) {
    try {
      RecognisedModel found = RecognisedModel.of(checkpoint, options);
      return of(
          checkpoint,
          found.config(),
          found.weights(checkpoint),
          SourceBehaviour.of(found.source()));
    } catch (Throwable e) {
      checkpoint.close();
      throw e;
    }
  }

  private static DetectorAssembly of(
      Checkpoint checkpoint,
      ModelConfig config,
      CheckpointWeights weights,
      SourceBehaviour behaviour) {
    DetectionModel model = model(config, weights);
    weights.finish();
    return new DetectorAssembly(
        model,
        behaviour.preprocessing(),
        () -> behaviour.newPostprocessing(config),
        behaviour.labels(config),
        checkpoint,
        new ModelSummary(
            architecture(config),
            config.backbone().title(),
            parameters(checkpoint),
            checkpoint.container(),
            config.numQueries(),
            config.labels().size()));
  }

  /** The network of a configuration. */
  static DetectionModel model(ModelConfig config, WeightSource source) {
    return switch (config) {
      case DetrConfig detr -> new DetrModel(detr, source);
      case DeformableDetrConfig deformable -> new DeformableDetrModel(deformable, source);
    };
  }

  private static long parameters(Checkpoint checkpoint) {
    long parameters = 0;
    for (String name : checkpoint.names()) {
      parameters += checkpoint.tensor(name).shape().elements();
    }
    return parameters;
  }

  private static String architecture(ModelConfig config) {
    return switch (config) {
      case DetrConfig detr -> "DETR" + (isDilated(detr.backbone()) ? ", DC5" : "");
      case DeformableDetrConfig deformable ->
          "Deformable DETR"
              + (deformable.numFeatureLevels() == 1 ? ", single scale" : "")
              + (isDilated(deformable.backbone()) ? ", DC5" : "")
              + (deformable.withBoxRefine() ? ", box refinement" : "")
              + (deformable.twoStage() ? ", two-stage" : "");
    };
  }

  private static boolean isDilated(BackboneConfig backbone) {
    return backbone instanceof ResNetConfig resnet && resnet.outputStride() == 16;
  }
}
