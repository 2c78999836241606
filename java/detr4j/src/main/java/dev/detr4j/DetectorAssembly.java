package dev.detr4j;

import dev.detr4j.checkpoint.BackboneConfig;
import dev.detr4j.checkpoint.Checkpoint;
import dev.detr4j.checkpoint.CheckpointWeights;
import dev.detr4j.checkpoint.DeformableDetrConfig;
import dev.detr4j.checkpoint.DetrConfig;
import dev.detr4j.checkpoint.HuggingFaceDirectory;
import dev.detr4j.checkpoint.ModelConfig;
import dev.detr4j.checkpoint.ResNetConfig;
import dev.detr4j.checkpoint.WeightSource;
import dev.detr4j.image.Preprocessing;
import dev.detr4j.model.DetectionModel;
import dev.detr4j.model.deformable.DeformableDetrModel;
import dev.detr4j.model.detr.DetrModel;
import dev.detr4j.postprocess.DeformableDetrPostprocessing;
import dev.detr4j.postprocess.DetrPostprocessing;
import dev.detr4j.postprocess.Postprocessing;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;

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

  /** Reads a Hugging Face model folder. */
  static DetectorAssembly huggingFace(Path path) {
    HuggingFaceDirectory directory = HuggingFaceDirectory.open(path);
    ModelConfig config = directory.config();
    Preprocessing preprocessing = HuggingFacePreprocessing.of(directory.preprocessor());
    Checkpoint checkpoint = directory.openCheckpoint();
    try {
      WeightSource source = new CheckpointWeights(checkpoint, directory.names());
      DetectionModel model = model(config, source);
      source.finish();
      return new DetectorAssembly(
          model,
          preprocessing,
          postprocessing(config),
          config.labels(),
          checkpoint,
          new ModelSummary(
              architecture(config),
              config.backbone().title(),
              parameters(checkpoint),
              checkpoint.container(),
              config.numQueries(),
              config.labels().size()));
    } catch (Throwable e) {
      checkpoint.close();
      throw e;
    }
  }

  /** The network of a configuration. */
  static DetectionModel model(ModelConfig config, WeightSource source) {
    return switch (config) {
      case DetrConfig detr -> new DetrModel(detr, source);
      case DeformableDetrConfig deformable -> new DeformableDetrModel(deformable, source);
    };
  }

  private static Supplier<Postprocessing> postprocessing(ModelConfig config) {
    return switch (config) {
      case DetrConfig detr -> () -> new DetrPostprocessing(detr.numQueries(), detr.numLogits());
      case DeformableDetrConfig deformable ->
          () ->
              new DeformableDetrPostprocessing(
                  deformable.numQueries(),
                  deformable.numLogits(),
                  DeformableDetrPostprocessing.DEFAULT_TOP_K);
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
