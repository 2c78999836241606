package dev.detr4j.parity;

import dev.detr4j.backend.Backend;
import dev.detr4j.checkpoint.SafetensorsFile;
import dev.detr4j.error.CheckpointException;
import dev.detr4j.json.JsonObject;
import dev.detr4j.op.Nms;
import dev.detr4j.op.OpSpec;
import dev.detr4j.op.SoftNms;
import dev.detr4j.tensor.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Class-wise suppression of all stored box lists: Gaussian as birder has it, linear, and hard as
 * torchvision has it. Kept boxes and their order are exact, scores within birder's own tolerance
 * between its two implementations. Those two agree on the lists; on the corner cases, which are
 * stored apart, the C++ kernel counts.
 */
final class SuppressionParity implements ParityCase.OnBackend {
  private static final double SCORE_TOLERANCE = 1.1e-5;
  private static final float STORED_OVERLAP_LINEAR = 0.3f;
  private static final float STORED_OVERLAP_HARD = 0.5f;

  private final String path;
  private final Path file;

  /** The case of a {@code prepost/softnms/softnms.json}, which has the tensors beside it. */
  SuppressionParity(String path, Path file) {
    this.path = path;
    this.file = file;
  }

  @Override
  public String path() {
    return path;
  }

  @Override
  public List<StageResult> run(Backend backend) {
    JsonObject index = JsonObject.read(file, CheckpointException::new);
    Worst gaussian = new Worst("gaussian");
    Worst linear = new Worst("linear");
    Worst python = new Worst("gaussian, Python");
    Worst hard = new Worst("hard");
    Worst hardDecay = new Worst("hard decay, all classes");
    Worst corners = new Worst("corner cases");
    try (SafetensorsFile stored =
        SafetensorsFile.open(file.resolveSibling("softnms.safetensors"))) {
      for (JsonObject entry : index.objects("cases")) {
        String id = entry.string("id");
        float threshold = (float) entry.number("score_threshold");
        float sigma = (float) entry.number("sigma");
        List<OpRun.Input> boxes = inputs(stored, id);
        soft(
            backend,
            stored,
            boxes,
            new SoftNms(SoftNms.Decay.GAUSSIAN, sigma, 0, threshold),
            id,
            "cpp",
            gaussian);
        soft(
            backend,
            stored,
            boxes,
            new SoftNms(SoftNms.Decay.GAUSSIAN, sigma, 0, threshold),
            id,
            "py",
            python);
        soft(
            backend,
            stored,
            boxes,
            new SoftNms(SoftNms.Decay.LINEAR, 1, STORED_OVERLAP_LINEAR, threshold),
            id,
            "linear",
            linear);
        hard(backend, stored, boxes, id, hard);
        hardDecay(backend, stored, boxes, id, hardDecay);
      }
    }
    List<StageResult> results =
        new ArrayList<>(
            List.of(
                gaussian.result(),
                python.result(),
                linear.result(),
                hard.result(),
                hardDecay.result()));
    if (index.has("corner_cases")) {
      corners(backend, index.object("corner_cases"), corners);
      results.add(corners.result());
    }
    return results;
  }

  /** These few are stored as text, with boxes that are moved to their classes already. */
  private void corners(Backend backend, JsonObject cases, Worst worst) {
    for (String id : cases.names()) {
      JsonObject entry = cases.object(id);
      JsonObject expected = entry.object("cpp");
      List<Double> boxes =
          entry.numberLists("boxes_after_offset").stream().flatMap(List::stream).toList();
      List<Double> scores = entry.numbers("scores");
      int count = scores.size();
      List<OpRun.Input> inputs =
          List.of(
              OpRun.Input.of(Shape.of(1, count, 4), doubles(boxes)),
              OpRun.Input.of(Shape.of(1, count), doubles(scores)),
              OpRun.Input.of(Shape.of(1, count), new int[count]));
      SoftNms op =
          new SoftNms(
              SoftNms.Decay.GAUSSIAN,
              (float) entry.number("sigma"),
              0,
              (float) entry.number("score_threshold"));
      int[] keep =
          expected.integers("keep", 0, count).stream().mapToInt(Integer::intValue).toArray();
      try (Arena arena = Arena.ofConfined()) {
        soft(backend, op, inputs, id, keep, doubles(expected.numbers("scores")), worst, arena);
      }
    }
  }

  private static double[] doubles(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).toArray();
  }

  private static List<OpRun.Input> inputs(SafetensorsFile stored, String id) {
    int[] labels = StoredValues.integers(stored, id + ".labels");
    int count = labels.length;
    return List.of(
        OpRun.Input.of(Shape.of(1, count, 4), StoredValues.floats(stored, id + ".boxes")),
        OpRun.Input.of(Shape.of(1, count), StoredValues.floats(stored, id + ".scores")),
        OpRun.Input.of(Shape.of(1, count), labels));
  }

  private void soft(
      Backend backend,
      SafetensorsFile stored,
      List<OpRun.Input> inputs,
      OpSpec op,
      String id,
      String flavour,
      Worst worst) {
    try (Arena arena = Arena.ofConfined()) {
      int[] keep = StoredValues.integers(stored, id + "." + flavour + ".keep");
      double[] scores = StoredValues.doubles(stored, id + "." + flavour + ".scores");
      soft(backend, op, inputs, id, keep, scores, worst, arena);
    }
  }

  private void soft(
      Backend backend,
      OpSpec op,
      List<OpRun.Input> inputs,
      String id,
      int[] keep,
      double[] scores,
      Worst worst,
      Arena arena) {
    List<MemorySegment> outputs = OpRun.run(backend, path + "/" + id, op, inputs, arena);
    if (worst.order(id, keep, outputs.get(1), outputs.get(2))) {
      for (int i = 0; i < Math.min(keep.length, scores.length); i++) {
        worst.score(id, OpRun.at(outputs.get(0), i), scores[i]);
      }
    }
  }

  /** Decay to zero is hard suppression; with one label for all boxes, across classes. */
  private void hardDecay(
      Backend backend, SafetensorsFile stored, List<OpRun.Input> inputs, String id, Worst worst) {
    Shape list = inputs.get(1).shape();
    List<OpRun.Input> oneClass =
        List.of(inputs.get(0), inputs.get(1), OpRun.Input.of(list, new int[list.get(1)]));
    try (Arena arena = Arena.ofConfined()) {
      List<MemorySegment> outputs =
          OpRun.run(
              backend,
              path + "/" + id,
              new SoftNms(SoftNms.Decay.HARD, 1, STORED_OVERLAP_HARD, 0),
              oneClass,
              arena);
      int[] keep = StoredValues.integers(stored, id + ".hard_agnostic.keep");
      worst.order(id, keep, outputs.get(1), outputs.get(2));
    }
  }

  private void hard(
      Backend backend, SafetensorsFile stored, List<OpRun.Input> inputs, String id, Worst worst) {
    try (Arena arena = Arena.ofConfined()) {
      List<MemorySegment> outputs =
          OpRun.run(backend, path + "/" + id, new Nms(STORED_OVERLAP_HARD), inputs, arena);
      int[] keep = StoredValues.integers(stored, id + ".hard_batched.keep");
      worst.order(id, keep, outputs.get(0), outputs.get(1));
    }
  }

  private static final class Worst {
    private final String stage;
    private double error;
    private String note = "";

    Worst(String stage) {
      this.stage = stage;
    }

    /** Whether the same boxes were kept in the same order. */
    boolean order(String id, int[] expected, MemorySegment indices, MemorySegment count) {
      int kept = count.get(ValueLayout.JAVA_INT, 0);
      boolean same = kept == expected.length;
      for (int i = 0; same && i < kept; i++) {
        same = indices.getAtIndex(ValueLayout.JAVA_INT, i) == expected[i];
      }
      if (!same) {
        error = Double.POSITIVE_INFINITY;
        note = "list " + id + " keeps other boxes (" + kept + ", stored " + expected.length + ")";
      }
      return same;
    }

    void score(String id, double actual, double expected) {
      double worse = OpRun.worst(error, actual, expected);
      if (worse > error) {
        error = worse;
        note = worse > SCORE_TOLERANCE ? "list " + id : "";
      }
    }

    StageResult result() {
      return new StageResult(stage, error, SCORE_TOLERANCE, note);
    }
  }
}
