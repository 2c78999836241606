package dev.detr4j.parity;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.Queue;
import dev.detr4j.checkpoint.SafetensorsFile;
import dev.detr4j.error.CheckpointException;
import dev.detr4j.json.JsonObject;
import dev.detr4j.op.SoftNms;
import dev.detr4j.postprocess.DeformableDetrPostprocessing;
import dev.detr4j.postprocess.DetectionSink;
import dev.detr4j.postprocess.DetrPostprocessing;
import dev.detr4j.postprocess.Postprocessing;
import dev.detr4j.postprocess.SelectionRule;
import dev.detr4j.session.SoftSuppression;
import dev.detr4j.tensor.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Each project's selection of detections from logits and boxes by formula: labels and order exact,
 * scores and corners within what float32 rounding explains.
 */
final class SelectionParity {
  private static final double SCORE_TOLERANCE = 1e-6;
  private static final double PIXEL_TOLERANCE = 1e-3;
  private static final Pattern TOP = Pattern.compile("top(?:-|_k )(\\d{1,6})");
  private static final long MOST = 1L << 26;

  private final Path folder;
  private final JsonObject entry;

  private SelectionParity(Path folder, JsonObject entry) {
    this.folder = folder;
    this.entry = entry;
  }

  /** A case of the folder {@code prepost/post}; where boxes are suppressed, a backend does that. */
  static ParityCase of(String path, Path folder, JsonObject entry) {
    SelectionParity selection = new SelectionParity(folder, entry);
    return selection.suppresses() ? new Suppressed(path, selection) : new Plain(path, selection);
  }

  private record Plain(String path, SelectionParity selection) implements ParityCase.OnHost {
    @Override
    public List<StageResult> run() {
      return selection.run(selected -> selected);
    }
  }

  private record Suppressed(String path, SelectionParity selection)
      implements ParityCase.OnBackend {
    @Override
    public List<StageResult> run(Backend backend) {
      try (Queue queue = backend.newQueue()) {
        return selection.run(
            selected -> new SoftSuppression(selected, SoftNms.BIRDER, backend, queue));
      }
    }
  }

  /** birder's two implementations agree on lists that are no corner cases, as these are not. */
  private boolean suppresses() {
    return entry.string("flavour").contains("Soft-NMS");
  }

  private List<StageResult> run(UnaryOperator<Postprocessing> suppression) {
    JsonObject inputs = entry.object("inputs");
    Shape logitsShape = shape(inputs.object("logits"));
    Shape boxesShape = shape(inputs.object("boxes_cxcywh"));
    int batch = logitsShape.get(0);
    int queries = logitsShape.get(1);
    if (!boxesShape.equals(Shape.of(batch, queries, 4))) {
      throw entry.wrong("boxes are " + boxesShape + ", logits " + logitsShape);
    }
    String sizeKey = entry.has("target_hw") ? "target_hw" : "image_hw";
    List<List<Integer>> sizes = entry.has(sizeKey) ? entry.integerLists(sizeKey) : null;
    float threshold = (float) entry.number("threshold", -1);
    Worst worst = new Worst();
    try (Arena arena = Arena.ofConfined();
        SafetensorsFile stored =
            SafetensorsFile.open(folder.resolve(entry.string("expected_file")));
        Postprocessing postprocessing =
            suppression.apply(postprocessing(queries, logitsShape.get(2)))) {
      MemorySegment logits = formula(inputs, "logits", logitsShape, arena);
      MemorySegment boxes = formula(inputs, "boxes_cxcywh", boxesShape, arena);
      for (int image = 0; image < batch; image++) {
        Found found = new Found();
        postprocessing.select(
            logits,
            boxes,
            image,
            sizes == null ? 1 : sizes.get(image).get(1),
            sizes == null ? 1 : sizes.get(image).get(0),
            threshold,
            found);
        worst.compare(found, stored, image);
      }
    }
    return List.of(
        new StageResult("labels and order", worst.labels, 0, worst.note),
        new StageResult("scores", worst.scores, SCORE_TOLERANCE),
        new StageResult("boxes", worst.boxes, PIXEL_TOLERANCE));
  }

  private Postprocessing postprocessing(int queries, int logits) {
    String flavour = entry.string("flavour");
    if (flavour.startsWith("Table Transformer (original")) {
      return new DetrPostprocessing(queries, logits, DetrPostprocessing.Candidates.BEST_IS_A_CLASS);
    }
    if (flavour.startsWith("RT-DETR focal")
        || flavour.startsWith("RT-DETR use_focal_loss=true")
        || flavour.startsWith("D-FINE")) {
      SelectionRule.Edges edges =
          flavour.contains("then (docling) every coordinate clamped")
              ? SelectionRule.Edges.CLIPPED
              : SelectionRule.Edges.KEPT;
      return new DeformableDetrPostprocessing(
          queries, logits, new SelectionRule(queries, 0, edges));
    }
    if (flavour.startsWith("RF-DETR")) {
      return new DeformableDetrPostprocessing(
          queries, logits, entry.integer("top_k", queries, 1, 1 << 20));
    }
    if (flavour.startsWith("RT-DETR use_focal_loss=false")
        || flavour.startsWith("DETR")
        || flavour.startsWith("Table Transformer")) {
      return new DetrPostprocessing(queries, logits);
    }
    if (flavour.startsWith("HF deformable") || flavour.startsWith("Conditional DETR")) {
      Matcher top = TOP.matcher(flavour);
      return new DeformableDetrPostprocessing(
          queries,
          logits,
          top.find()
              ? Math.max(1, Integer.parseInt(top.group(1)))
              : DeformableDetrPostprocessing.DEFAULT_TOP_K);
    }
    SelectionRule rule =
        switch (flavour.split("\\W", 2)[0]) {
          case "detrex" -> SelectionRule.DETREX;
          case "mmdet" -> SelectionRule.MMDETECTION;
          case "birder" -> SelectionRule.BIRDER;
          default ->
              throw entry.wrong(
                  "flavour is "
                      + flavour
                      + ", expected one that begins with HF deformable, DETR, RT-DETR, D-FINE, RF-DETR, Conditional DETR, Table Transformer, detrex, mmdet or birder");
        };
    return new DeformableDetrPostprocessing(queries, logits, rule);
  }

  private static Shape shape(JsonObject input) {
    List<Integer> extents = input.integers("shape", 1, 1 << 20);
    long elements = 1;
    for (int extent : extents) {
      elements = elements > MOST ? elements : elements * extent;
    }
    if (extents.size() != 3 || elements > MOST || extents.get(2) < 2) {
      throw input.wrong("shape is " + extents + ", expected [batch, queries, columns]");
    }
    return Shape.of(extents.get(0), extents.get(1), extents.get(2));
  }

  private static MemorySegment formula(JsonObject inputs, String name, Shape shape, Arena arena) {
    JsonObject input = inputs.object(name);
    MemorySegment values = arena.allocate(4 * shape.elements(), 64);
    new SeededTensor(
            input.string("key"),
            inputs.longInteger("seed"),
            input.number("base"),
            input.number("scale"))
        .fill(values, 0, shape.elements());
    return values;
  }

  private static final class Found implements DetectionSink {
    private final List<Integer> labels = new ArrayList<>();
    private final List<Float> scores = new ArrayList<>();
    private final List<Float> corners = new ArrayList<>();

    @Override
    public void accept(
        int query, int label, float score, float xMin, float yMin, float xMax, float yMax) {
      labels.add(label);
      scores.add(score);
      corners.addAll(List.of(xMin, yMin, xMax, yMax));
    }
  }

  private static final class Worst {
    private double labels;
    private double scores;
    private double boxes;
    private String note = "";

    void compare(Found found, SafetensorsFile stored, int image) {
      int[] expected = StoredValues.integers(stored, image + ".labels");
      double[] expectedScores = StoredValues.doubles(stored, image + ".scores");
      double[] expectedCorners = StoredValues.doubles(stored, image + ".boxes");
      if (found.labels.size() != expected.length
          || expectedScores.length != expected.length
          || expectedCorners.length != 4 * expected.length) {
        labels = Double.POSITIVE_INFINITY;
        note =
            "image %d has %d detections, stored %d"
                .formatted(image, found.labels.size(), expected.length);
        return;
      }
      for (int i = 0; i < expected.length; i++) {
        labels = OpRun.worst(labels, found.labels.get(i), expected[i]);
        scores = OpRun.worst(scores, found.scores.get(i), expectedScores[i]);
      }
      for (int i = 0; i < expectedCorners.length; i++) {
        boxes = OpRun.worst(boxes, found.corners.get(i), expectedCorners[i]);
      }
    }
  }

  /** The entry of a file in that folder. */
  static JsonObject read(Path file) {
    return JsonObject.read(file, CheckpointException::new);
  }
}
