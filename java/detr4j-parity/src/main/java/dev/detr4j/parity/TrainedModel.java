package dev.detr4j.parity;

import dev.detr4j.backend.host.HostBackend;
import dev.detr4j.checkpoint.Checkpoint;
import dev.detr4j.checkpoint.CheckpointWeights;
import dev.detr4j.checkpoint.SafetensorsFile;
import dev.detr4j.error.CheckpointException;
import dev.detr4j.json.JsonObject;
import dev.detr4j.model.ModelFamilies;
import dev.detr4j.model.codes.CodesModel;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.graph.ModelInput;
import dev.detr4j.model.graph.TrainableModel;
import dev.detr4j.model.graph.TrainableModel.TrainingForm;
import dev.detr4j.op.LevelShape;
import dev.detr4j.train.engine.Parameter;
import dev.detr4j.train.engine.PlannedStep;
import dev.detr4j.train.engine.SessionOptions;
import dev.detr4j.train.engine.TrainingSession;
import dev.detr4j.train.loss.BatchCounts;
import dev.detr4j.train.loss.Criterion;
import dev.detr4j.train.loss.CriterionOptions;
import dev.detr4j.train.loss.LayerOutput;
import dev.detr4j.train.loss.LayerOutput.Stage;
import dev.detr4j.train.loss.LossValues;
import dev.detr4j.train.match.Targets;
import dev.detr4j.train.recipe.Freezing;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/** A whole model of a training set on a backend, with the batches and losses of its manifest. */
final class TrainedModel implements AutoCloseable {
  private final JsonObject manifest;
  private final long seed;
  private final Checkpoint checkpoint;
  private final TrainingSession session;
  private final CriterionOptions criterion;
  private final Map<String, Parameter> parameters = new LinkedHashMap<>();

  /**
   * How a case trains its model.
   *
   * @param lossOptions as the manifest has them
   * @param auxiliary whether the decoder layers before the last have losses
   * @param repeatedNorm whether decoder layers continue from their normalised states, as those of
   *     transformers' DETR do
   * @param recompute whether layers are computed anew on the way back
   * @param group of each parameter, for the optimizer
   */
  record Options(
      JsonObject lossOptions,
      boolean auxiliary,
      boolean repeatedNorm,
      Freezing freezing,
      boolean recompute,
      ToIntFunction<Parameter> group) {}

  /** One image of a batch. */
  private record Image(ModelInput input, float[] pixels, Targets targets) {}

  /** Opens the model of a case; the backend is its own, and closed by the caller. */
  TrainedModel(Path folder, JsonObject manifest, HostBackend backend, Options options) {
    this.manifest = manifest;
    seed = manifest.longInteger("seed");
    ModelConfig config = ModelFamilies.ALL.read(folder.resolve("config.json"));
    criterion = StoredTargets.criterion(options.lossOptions(), options.auxiliary());
    checkpoint = checkpoint(manifest);
    try {
      session =
          TrainingSession.open(
              config,
              new CheckpointWeights(checkpoint, config.family().huggingFaceNames(config)),
              backend,
              new SessionOptions(
                  options.auxiliary(),
                  options.lossOptions().bool("encoder", false),
                  options.repeatedNorm()
                      ? TrainingForm.REPEATED_DECODER_NORM
                      : TrainingForm.ORIGINAL,
                  options.freezing(),
                  options.recompute(),
                  true,
                  options.group()));
    } catch (Throwable e) {
      checkpoint.close();
      throw e;
    }
    session.parameters().forEach(each -> parameters.put(each.name(), each));
  }

  /** Weights by formula, or those of the default model. */
  private static Checkpoint checkpoint(JsonObject manifest) {
    if (manifest.has("tensors")) {
      return FormulaCheckpoint.of(manifest);
    }
    String folder = manifest.object("weights").string("folder");
    if (!folder.equals("weights/codes/model")) {
      throw new CheckpointException(
          manifest.where() + ": weights are those of " + folder + ", expected weights/codes/model");
    }
    return SafetensorsFile.open(CodesModel.folder().resolve("model.safetensors"));
  }

  TrainingSession session() {
    return session;
  }

  /** What learns, by name; a caller may take entries out. */
  Map<String, Parameter> parameters() {
    return parameters;
  }

  /** A parameter, or null where none of this name learns. */
  @Nullable Parameter parameter(String name) {
    return parameters.get(name);
  }

  /** The entries of the manifest, in the order of what is stored. */
  List<JsonObject> entries() {
    return manifest.objects("parameters");
  }

  /** Runs a batch: forward, losses and backward of each image. Returns the total loss. */
  double run(JsonObject batch) {
    List<Image> images = images(batch);
    List<Targets> targets = images.stream().map(Image::targets).toList();
    TrainableModel model = session.model();
    BatchCounts counts = BatchCounts.of(targets, model.numQueries());
    Criterion loss = new Criterion(criterion);
    double total = 0;
    session.clearGradients();
    for (Image image : images) {
      PlannedStep step = session.step(image.input());
      MemorySegment.copy(
          image.pixels(), 0, step.pixels(), ValueLayout.JAVA_FLOAT, 0, image.pixels().length);
      step.forward();
      LossValues values = loss.compute(layers(step, model), List.of(image.targets()), counts);
      step.backward();
      total += values.total();
    }
    return total;
  }

  private List<LayerOutput> layers(PlannedStep step, TrainableModel model) {
    List<LayerOutput> layers = new ArrayList<>();
    int count = model.decoderLayers();
    for (int i = count - 1; i >= 0; i--) {
      add(
          layers,
          step,
          i == count - 1 ? Stage.LAST : Stage.auxiliary(i),
          TrainableModel.ofLayer(TrainableModel.LOGITS, i, count),
          TrainableModel.ofLayer(TrainableModel.PRED_BOXES, i, count));
    }
    if (model.twoStage()) {
      add(layers, step, Stage.ENCODER, TrainableModel.ENCODER_LOGITS, TrainableModel.ENCODER_BOXES);
    }
    return layers;
  }

  private static void add(
      List<LayerOutput> layers, PlannedStep step, Stage stage, String logits, String boxes) {
    if (step.supervised().contains(logits)) {
      layers.add(
          new LayerOutput(
              stage,
              1,
              step.shape(logits).get(1),
              step.shape(logits).get(2),
              step.output(logits),
              step.output(boxes),
              step.gradient(logits),
              step.gradient(boxes)));
    }
  }

  /** The stored formula gives NCHW of the padded batch; a step takes the NHWC of one image. */
  private List<Image> images(JsonObject batch) {
    JsonObject input = batch.object("input");
    List<Integer> shape = input.integers("shape", 1, 10_000);
    int height = shape.get(2);
    int width = shape.get(3);
    float[] all = DescribedTensor.values(input, seed);
    List<List<Integer>> valid = input.integerLists("valid_hw");
    List<Targets> targets = StoredTargets.of(batch.objects("targets"));
    List<Image> images = new ArrayList<>();
    for (int n = 0; n < shape.get(0); n++) {
      LevelShape inside = new LevelShape(valid.get(n).get(0), valid.get(n).get(1));
      float[] pixels = new float[3 * height * width];
      for (int c = 0; c < 3; c++) {
        for (int y = 0; y < inside.height(); y++) {
          for (int x = 0; x < inside.width(); x++) {
            pixels[(y * width + x) * 3 + c] = all[((n * 3 + c) * height + y) * width + x];
          }
        }
      }
      images.add(new Image(new ModelInput(height, width, List.of(inside)), pixels, targets.get(n)));
    }
    return images;
  }

  @Override
  public void close() {
    session.close();
    checkpoint.close();
  }
}
