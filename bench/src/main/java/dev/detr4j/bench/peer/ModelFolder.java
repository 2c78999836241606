package dev.detr4j.bench.peer;

import dev.detr4j.checkpoint.Checkpoint;
import dev.detr4j.checkpoint.CheckpointWeights;
import dev.detr4j.checkpoint.HuggingFaceDirectory;
import dev.detr4j.checkpoint.PreprocessorConfig.Exactly;
import dev.detr4j.checkpoint.TorchCheckpoint;
import dev.detr4j.json.JsonObject;
import dev.detr4j.model.ModelFamilies;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.family.RecognisedModel;
import dev.detr4j.model.family.RecognitionOptions;
import dev.detr4j.model.graph.DetectionModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Function;

/**
 * A compared model: a folder as {@code peers/python/make_models.py} writes it, Hugging Face's or
 * with a file of birder's, and beside the checkpoint what peers need.
 */
record ModelFolder(Path path) {
  private static final String BIRDER_FILE = "birder.pt";

  /** The scripts, as a user at the root of the repository calls them. */
  static final String SCRIPTS = "bench/peers/python/";

  /**
   * The model in a folder.
   *
   * @throws ComparisonException when there is none; the message says what makes one
   */
  static ModelFolder of(Path path) {
    ModelFolder folder = new ModelFolder(path.toAbsolutePath().normalize());
    if (!folder.isBirders() && !Files.exists(folder.path.resolve("config.json"))) {
      throw new ComparisonException(
          """
          model %s: a folder with config.json or %s was expected. Models with weights by formula are made by
            python %smake_models.py %s
          (set-up: %sREADME.md)\
          """
              .formatted(path, BIRDER_FILE, SCRIPTS, folder.path.getParent(), SCRIPTS));
    }
    return folder;
  }

  String name() {
    return String.valueOf(path.getFileName());
  }

  private boolean isBirders() {
    return Files.exists(path.resolve(BIRDER_FILE));
  }

  /** Rows of the input that this model's target is stated for. */
  int defaultHeight() {
    return defaultSize().height();
  }

  /** Columns of that input. */
  int defaultWidth() {
    return defaultSize().width();
  }

  /**
   * The size that the processor always makes, or that of a photo of 480x640 where it keeps the
   * aspect.
   */
  private Exactly defaultSize() {
    if (isBirders()) {
      return new Exactly(640, 853);
    }
    Path file = path.resolve("preprocessor_config.json");
    if (Files.exists(file)) {
      JsonObject processor = JsonObject.read(file, ComparisonException::new);
      if (processor.isObject("size") && processor.object("size").has("height")) {
        JsonObject size = processor.object("size");
        return new Exactly(size.integer("height", 1, 1 << 16), size.integer("width", 1, 1 << 16));
      }
    }
    return new Exactly(800, 1066);
  }

  /** The model for ONNX Runtime. */
  Path onnx() {
    return made("model.onnx", "ONNX Runtime", "export_onnx.py");
  }

  /** The model for DJL's PyTorch engine. */
  Path traced() {
    return made("traced.pt", "DJL", "trace_torch.py");
  }

  private Path made(String name, String peer, String script) {
    Path file = path.resolve(name);
    if (!Files.exists(file)) {
      throw new ComparisonException(
          """
          %s for %s does not exist. It is made by
            python %s%s %s %s
          (set-up: %sREADME.md), with --height and --width where they are not the usual ones\
          """
              .formatted(file, peer, SCRIPTS, script, path, file, SCRIPTS));
    }
    return file;
  }

  /** Opens the checkpoint for as long as the function needs the model's weights. */
  <T> T read(Function<DetectionModel, T> use) {
    if (isBirders()) {
      try (Checkpoint checkpoint = TorchCheckpoint.open(path.resolve(BIRDER_FILE))) {
        RecognisedModel found = ModelFamilies.ALL.recognise(checkpoint, RecognitionOptions.NONE);
        return use.apply(model(found.config(), CheckpointWeights.of(checkpoint, found)));
      }
    }
    HuggingFaceDirectory directory = HuggingFaceDirectory.open(path);
    try (Checkpoint checkpoint = directory.openCheckpoint()) {
      return use.apply(
          model(directory.config(), new CheckpointWeights(checkpoint, directory.names())));
    }
  }

  private static DetectionModel model(ModelConfig config, CheckpointWeights weights) {
    DetectionModel model = config.network(weights);
    weights.finish();
    return model;
  }
}
