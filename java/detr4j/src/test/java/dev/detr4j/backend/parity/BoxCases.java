package dev.detr4j.backend.parity;

import dev.detr4j.op.BoxRefinement;
import dev.detr4j.op.BoxRefinement.Reference;
import dev.detr4j.op.Gather;
import dev.detr4j.op.Nms;
import dev.detr4j.op.ProposalEmbedding;
import dev.detr4j.op.SoftNms;
import dev.detr4j.op.TopK;
import java.util.ArrayList;
import java.util.List;

/** Cases of the operations on boxes, scores and indices. */
final class BoxCases {
  private BoxCases() {}

  static List<OpCase> boxRefinement() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      Reference reference = n % 2 == 0 ? Reference.POINT : Reference.BOX;
      cases.add(refinement("queries " + n, 1, n, reference, 4, 1e-5f));
    }
    for (Reference reference : Reference.values()) {
      cases.add(refinement("boxes from " + reference, 2, 300, reference, 4, 1e-5f));
    }
    cases.add(refinement("wide epsilon", 2, 61, Reference.BOX, 4, 1e-3f));
    cases.add(refinement("points alone", 2, 61, Reference.NONE, 2, 1e-5f));
    cases.add(refinement("points from points", 2, 61, Reference.POINT, 2, 1e-5f));
    double inf = Double.POSITIVE_INFINITY;
    double[] starts = {
      0, 1, -0.5, 1.5, 1e-6, 1 - 0x1p-24, 1e-5f, 5e-4f, 0.9995f, Double.NaN, inf, -inf
    };
    cases.add(
        new CaseBuilder("box refinement at the ends")
            .input(1, 3, 4)
            .input(starts, 1, 3, 4)
            .put(0, 2, 100)
            .put(0, 3, -100)
            .build(new BoxRefinement(Reference.BOX, 4, 1e-5f), Tolerance.ofUnits(4)));
    double[] logits = {inf, -inf, 90, -90, 17, -17, 0, Double.NaN};
    cases.add(
        new CaseBuilder("box refinement of infinite logits")
            .input(1, 2, 4)
            .input(logits, 1, 2, 4)
            .build(new BoxRefinement(Reference.LOGITS, 4, 1e-5f), Tolerance.ofUnits(4)));
    double[] boxes = {0.5, 0.25, 0.1, 0, inf, -1, 2, -0.5, Double.NaN, 0.5, 0.5, Double.NaN};
    cases.add(
        new CaseBuilder("boxes relative to odd ones")
            .input(1, 3, 4)
            .input(boxes, 1, 3, 4)
            .put(0, 2, 3)
            .put(0, 3, -120)
            .put(0, 4, Double.NaN)
            .put(0, 7, Double.NaN)
            .build(new BoxRefinement(Reference.RELATIVE, 4, 0f), Tolerance.ofUnits(8)));
    return cases;
  }

  private static OpCase refinement(
      String name, int batch, int queries, Reference reference, int columns, float epsilon) {
    CaseBuilder builder = new CaseBuilder("box refinement " + name);
    boolean relative = reference == Reference.RELATIVE;
    double reach = relative ? 1 : 4;
    builder.input(
        builder.uniform((long) batch * queries * columns, -reach, reach), batch, queries, columns);
    if (reference != Reference.NONE) {
      long count = (long) batch * queries * reference.columns();
      double bound = reference == Reference.LOGITS ? 6 : 1;
      builder.input(
          builder.uniform(count, reference == Reference.LOGITS ? -bound : 0, bound),
          batch,
          queries,
          reference.columns());
    }
    if (relative) {
      // Of boxes up to e: an exponential of two units, and the rounding of its product.
      return builder.build(new BoxRefinement(reference, columns, epsilon), Tolerance.ofUnits(8));
    }
    // The slope of the sigmoid is at most 1/4, and it falls as fast as the rounding of a large sum
    // grows.
    return builder.build(new BoxRefinement(reference, columns, epsilon), Tolerance.ofUnits(4));
  }

  static List<OpCase> proposalEmbedding() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      CaseBuilder builder = new CaseBuilder("proposal embedding features " + 2 * n);
      builder.input(builder.uniform(3 * 4, 0, 1), 1, 3, 4);
      cases.add(builder.build(new ProposalEmbedding(2 * n), Tolerance.ofUnits(2)));
    }
    CaseBuilder builder = new CaseBuilder("proposal embedding model sized");
    builder
        .input(builder.uniform(2 * 61 * 4, 0, 1), 2, 61, 4)
        .put(0, 0, 0)
        .put(0, 1, 1)
        .put(0, 9, Double.NaN);
    cases.add(builder.build(new ProposalEmbedding(128), Tolerance.ofUnits(2)));
    return cases;
  }

  static List<OpCase> topK() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      cases.add(
          new CaseBuilder("top k of " + n)
              .input(2, n, 1)
              .build(new TopK((n + 1) / 2), Tolerance.EXACT));
      cases.add(
          new CaseBuilder("top k classes " + n)
              .input(1, 9, n)
              .build(new TopK(Math.min(7, n)), Tolerance.EXACT));
    }
    cases.add(
        new CaseBuilder("top k proposals").input(2, 1723, 1).build(new TopK(300), Tolerance.EXACT));
    cases.add(
        new CaseBuilder("top k detections")
            .input(1, 300, 91)
            .build(new TopK(100), Tolerance.EXACT));
    cases.add(
        new CaseBuilder("top k everything").input(1, 67, 3).build(new TopK(201), Tolerance.EXACT));
    CaseBuilder ties = new CaseBuilder("top k ties");
    cases.add(
        ties.input(ties.whole(2 * 211, 0, 5), 2, 211, 1).build(new TopK(100), Tolerance.EXACT));
    cases.add(ties("top k one value", new double[97]).build(new TopK(50), Tolerance.EXACT));
    double[] zeros = new double[33];
    for (int i = 0; i < zeros.length; i += 2) {
      zeros[i] = -0.0;
    }
    cases.add(ties("top k signed zeros", zeros).build(new TopK(33), Tolerance.EXACT));
    CaseBuilder odd = new CaseBuilder("top k with NaN and infinity").input(1, 90, 1);
    odd.put(0, 7, Double.NaN).put(0, 3, Double.POSITIVE_INFINITY).put(0, 44, Double.NaN);
    odd.put(0, 60, Double.NEGATIVE_INFINITY).put(0, 61, Double.NEGATIVE_INFINITY);
    cases.add(odd.build(new TopK(90), Tolerance.EXACT));
    return cases;
  }

  private static CaseBuilder ties(String name, double[] values) {
    return new CaseBuilder(name).input(values, 1, values.length, 1);
  }

  static List<OpCase> gather() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      CaseBuilder builder = new CaseBuilder("gather columns " + n).input(2, 13, n);
      cases.add(
          builder.integers(builder.whole(2 * 5, 0, 13), 2, 5).build(new Gather(), Tolerance.EXACT));
    }
    CaseBuilder builder = new CaseBuilder("gather model sized").input(2, 431, 256);
    cases.add(
        builder
            .integers(builder.whole(2 * 300, 0, 431), 2, 300)
            .build(new Gather(), Tolerance.EXACT));
    return cases;
  }

  /** What stands past the count of kept boxes is open; the count is the last output. */
  private static final OpCase.Unspecified PAST_THE_COUNT =
      (output, element, expected) ->
          output < expected.size() - 1 && element >= expected.get(expected.size() - 1)[0];

  static List<OpCase> nms() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      cases.add(boxes("nms boxes " + n, n, 1 + n % 5).build(new Nms(0.5f), Tolerance.EXACT));
    }
    cases.add(boxes("nms hundred", 100, 3).build(new Nms(0.3f), Tolerance.EXACT));
    cases.add(boxes("nms many classes", 100, 91).build(new Nms(0.7f), Tolerance.EXACT));
    cases.add(degenerate("nms degenerate boxes").build(new Nms(0.5f), Tolerance.EXACT));
    CaseBuilder odd = boxes("nms NaN and infinite scores", 20, 1).put(1, 4, Double.NaN);
    odd.put(1, 0, Double.NEGATIVE_INFINITY).put(1, 9, Double.POSITIVE_INFINITY);
    cases.add(odd.put(1, 15, Double.NaN).build(new Nms(0.5f), Tolerance.EXACT));
    return cases;
  }

  static List<OpCase> softNms() {
    List<OpCase> cases = new ArrayList<>();
    // A score is a product of up to as many decays as there are boxes, each rounded.
    Tolerance tolerance = Tolerance.ofUnits(64);
    for (SoftNms.Decay decay : SoftNms.Decay.values()) {
      for (int n = 1; n <= 40; n++) {
        cases.add(
            boxes("soft nms " + decay + " " + n, n, 1 + n % 4)
                .build(new SoftNms(decay, 0.5f, 0.4f, 0.05f), tolerance));
      }
      cases.add(
          boxes("soft nms hundred " + decay, 100, 3)
              .build(new SoftNms(decay, 0.5f, 0.3f, 0.001f), tolerance));
      cases.add(
          boxes("soft nms all dropped " + decay, 20, 3)
              .build(new SoftNms(decay, 0.5f, 0.3f, 1f), tolerance));
      cases.add(
          boxes("soft nms steep " + decay, 67, 3)
              .build(new SoftNms(decay, 1e-30f, 0.3f, 0.001f), tolerance));
      CaseBuilder degenerate = degenerate("soft nms degenerate boxes " + decay);
      cases.add(degenerate.build(new SoftNms(decay, 0.5f, 0.3f, 0.001f), tolerance));
      cases.add(
          boxes("soft nms three hundred " + decay, 300, 20)
              .build(new SoftNms(decay, 0.5f, 0.3f, 0), tolerance));
      cases.add(
          boxes("soft nms threshold below zero " + decay, 67, 3)
              .build(new SoftNms(decay, 0.5f, 0.3f, -1), tolerance));
      // Hard decay alone keeps scores as they are, so that overlapping boxes are tied in all
      // backends.
      CaseBuilder tied = tiedBoxes("soft nms ties " + decay, 90, decay == SoftNms.Decay.HARD);
      cases.add(tied.build(new SoftNms(decay, 0.5f, 0.3f, 0.001f), tolerance));
      CaseBuilder endless =
          boxes("soft nms infinite score " + decay, 20, 1).put(1, 4, Double.POSITIVE_INFINITY);
      cases.add(endless.build(new SoftNms(decay, 0.5f, 0.3f, 0.001f), tolerance));
      CaseBuilder odd = boxes("soft nms NaN score " + decay, 20, 1).put(1, 4, Double.NaN);
      cases.add(odd.build(new SoftNms(decay, 0.5f, 0.3f, 0.001f), tolerance));
    }
    return cases;
  }

  /** Overlapping boxes of a few classes; some coordinates are negative. */
  private static CaseBuilder boxes(String name, int count, int classes) {
    CaseBuilder builder = new CaseBuilder(name);
    double[] centres = builder.uniform(2L * count, -5, 200);
    double[] sizes = builder.uniform(2L * count, 20, 120);
    double[] boxes = new double[4 * count];
    for (int i = 0; i < count; i++) {
      for (int axis = 0; axis < 2; axis++) {
        boxes[4 * i + axis] = (float) (centres[2 * i + axis] - sizes[2 * i + axis] / 2);
        boxes[4 * i + 2 + axis] = (float) (centres[2 * i + axis] + sizes[2 * i + axis] / 2);
      }
    }
    return builder
        .denseInput(boxes, 1, count, 4)
        .denseInput(builder.uniform(count, 0, 1), 1, count)
        .integers(builder.whole(count, 0, classes), 1, count)
        .unspecified(PAST_THE_COUNT);
  }

  /**
   * Boxes in a row that share three scores; each touches its neighbours, or covers most of the
   * next.
   */
  private static CaseBuilder tiedBoxes(String name, int count, boolean overlapping) {
    CaseBuilder builder = new CaseBuilder(name);
    double[] boxes = new double[4 * count];
    for (int i = 0; i < count; i++) {
      boxes[4 * i] = 10 * i;
      boxes[4 * i + 2] = 10 * i + (overlapping ? 25 : 10);
      boxes[4 * i + 3] = 10;
    }
    double[] scores = builder.whole(count, 1, 4);
    for (int i = 0; i < count; i++) {
      scores[i] /= 4;
    }
    return builder
        .denseInput(boxes, 1, count, 4)
        .denseInput(scores, 1, count)
        .integers(new double[count], 1, count)
        .unspecified(PAST_THE_COUNT);
  }

  /** Identical boxes, equal scores, and boxes without area whose union is empty. */
  private static CaseBuilder degenerate(String name) {
    double[] boxes = {
      10, 10, 30, 30, 10, 10, 30, 30, 5, 5, 5, 5, 5, 5, 5, 5, 50, 50, 70, 70, 10, 10, 30, 30, 60,
      10, 60, 40
    };
    double[] scores = {0.9f, 0.9f, 0.8f, 0.7f, 0.9f, 0.3f, 0.5f};
    return new CaseBuilder(name)
        .denseInput(boxes, 1, 7, 4)
        .denseInput(scores, 1, 7)
        .integers(new double[7], 1, 7)
        .unspecified(PAST_THE_COUNT);
  }
}
