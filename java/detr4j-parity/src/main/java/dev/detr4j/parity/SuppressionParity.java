package dev.detr4j.parity;

import dev.detr4j.CheckpointException;
import dev.detr4j.backend.Backend;
import dev.detr4j.checkpoint.JsonObject;
import dev.detr4j.checkpoint.SafetensorsFile;
import dev.detr4j.op.Nms;
import dev.detr4j.op.OpSpec;
import dev.detr4j.op.SoftNms;
import dev.detr4j.tensor.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;

/**
 * Class-wise suppression of all stored box lists: Gaussian as birder's C++ kernel has it, linear,
 * and hard as torchvision has it. Kept boxes and their order are exact, scores within birder's own
 * tolerance between its two implementations.
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
    Worst hard = new Worst("hard");
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
            new SoftNms(SoftNms.Decay.LINEAR, 1, STORED_OVERLAP_LINEAR, threshold),
            id,
            "linear",
            linear);
        hard(backend, stored, boxes, id, hard);
      }
    }
    return List.of(gaussian.result(), linear.result(), hard.result());
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
      List<MemorySegment> outputs = OpRun.run(backend, path + "/" + id, op, inputs, arena);
      int[] keep = StoredValues.integers(stored, id + "." + flavour + ".keep");
      if (worst.order(id, keep, outputs.get(1), outputs.get(2))) {
        double[] scores = StoredValues.doubles(stored, id + "." + flavour + ".scores");
        for (int i = 0; i < Math.min(keep.length, scores.length); i++) {
          worst.score(id, OpRun.at(outputs.get(0), i), scores[i]);
        }
      }
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
