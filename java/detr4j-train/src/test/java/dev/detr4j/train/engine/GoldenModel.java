package dev.detr4j.train.engine;

import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.BackendProvider;
import dev.detr4j.backend.host.HostBackend;
import dev.detr4j.checkpoint.Checkpoint;
import dev.detr4j.checkpoint.CheckpointWeights;
import dev.detr4j.checkpoint.SafetensorsFile;
import dev.detr4j.json.JsonObject;
import dev.detr4j.model.ModelFamilies;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.graph.ModelInput;
import dev.detr4j.model.graph.TrainableModel;
import dev.detr4j.model.graph.TrainableModel.TrainingForm;
import dev.detr4j.op.LevelShape;
import dev.detr4j.parity.FormulaCheckpoint;
import dev.detr4j.train.golden.Golden;
import dev.detr4j.train.loss.BatchCounts;
import dev.detr4j.train.loss.Criterion;
import dev.detr4j.train.loss.CriterionOptions;
import dev.detr4j.train.loss.CriterionOptions.Cardinality;
import dev.detr4j.train.loss.LayerOutput;
import dev.detr4j.train.loss.LayerOutput.Stage;
import dev.detr4j.train.loss.LossValues;
import dev.detr4j.train.match.MatchingCost;
import dev.detr4j.train.match.OverlapRule;
import dev.detr4j.train.match.Targets;
import dev.detr4j.train.recipe.Freezing;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToIntFunction;

/** A model of the golden set, with the batches and losses of its manifest. */
final class GoldenModel implements AutoCloseable {
  private static final Path CODES = Path.of("../../weights/codes/model/model.safetensors");

  final JsonObject manifest;
  private final long seed;
  private final Checkpoint checkpoint;
  private final HostBackend backend;
  final TrainingSession session;
  private final CriterionOptions criterion;

  /** One image of a batch. */
  private record Image(ModelInput input, float[] pixels, Targets targets) {}

  GoldenModel(
      String folder,
      BackendProvider provider,
      JsonObject lossOptions,
      boolean auxiliary,
      boolean repeatedNorm,
      Freezing freezing,
      boolean recompute,
      ToIntFunction<Parameter> group) {
    manifest = Golden.json(folder + "/manifest.json");
    seed = manifest.longInteger("seed");
    ModelConfig config = ModelFamilies.ALL.read(Golden.path(folder + "/config.json"));
    checkpoint =
        manifest.has("tensors")
            ? FormulaCheckpoint.read(Golden.path(folder + "/manifest.json"))
            : SafetensorsFile.open(CODES);
    backend = (HostBackend) provider.open(new BackendOptions(2, null, 0));
    criterion = options(lossOptions, auxiliary);
    session =
        TrainingSession.open(
            config,
            new CheckpointWeights(checkpoint, config.family().huggingFaceNames(config)),
            backend,
            new SessionOptions(
                auxiliary,
                lossOptions.bool("encoder", false),
                repeatedNorm ? TrainingForm.REPEATED_DECODER_NORM : TrainingForm.ORIGINAL,
                freezing,
                recompute,
                group));
  }

  private static CriterionOptions options(JsonObject o, boolean auxiliary) {
    boolean focal = o.string("form").equals("focal");
    MatchingCost cost =
        new MatchingCost(
            focal ? MatchingCost.Form.FOCAL : MatchingCost.Form.SOFTMAX,
            o.number("class_cost"),
            o.number("bbox_cost"),
            o.number("giou_cost"),
            1e-8,
            OverlapRule.PLAIN,
            o.bool("replace_invalid", false));
    return new CriterionOptions(
        cost,
        o.number("class_weight"),
        o.number("bbox_weight"),
        o.number("giou_weight"),
        o.number("alpha", Double.NaN),
        o.number("eos", Double.NaN),
        Cardinality.NONE,
        auxiliary,
        o.bool("encoder", false));
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

  private List<Image> images(JsonObject batch) {
    JsonObject input = batch.object("input");
    List<Integer> shape = input.integers("shape", 1, 10_000);
    int height = shape.get(2);
    int width = shape.get(3);
    float[] all = Golden.tensor(input, seed);
    List<List<Integer>> valid = input.integerLists("valid_hw");
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
      images.add(
          new Image(
              new ModelInput(height, width, List.of(inside)),
              pixels,
              targets(batch.objects("targets").get(n))));
    }
    return images;
  }

  private static Targets targets(JsonObject image) {
    int[] labels = image.integers("labels", 0, 1000).stream().mapToInt(Integer::intValue).toArray();
    float[] boxes = new float[4 * labels.length];
    int at = 0;
    for (List<Double> box : image.numberLists("boxes")) {
      for (double value : box) {
        boxes[at++] = (float) value;
      }
    }
    return new Targets(labels, boxes);
  }

  @Override
  public void close() {
    session.close();
    backend.close();
    checkpoint.close();
  }
}
