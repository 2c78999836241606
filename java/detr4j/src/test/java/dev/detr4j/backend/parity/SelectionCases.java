package dev.detr4j.backend.parity;

import dev.detr4j.op.SelectBestClasses;
import dev.detr4j.op.SelectRanked;
import dev.detr4j.op.SelectRanked.Edges;
import dev.detr4j.op.SelectionOp;
import java.util.ArrayList;
import java.util.List;

/**
 * Cases of what selects detections. Corners are exact, and scores are the fp32 next to a number
 * that is computed in double: two of them differ only where that lies in the middle of two fp32
 * numbers, and then by one unit of a number below 1.
 */
final class SelectionCases {
  private static final List<Edges> EDGES = List.of(Edges.values());
  private static final Tolerance TOLERANCE = Tolerance.ofUnits(0.5);

  private SelectionCases() {}

  static List<OpCase> selectRanked() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      Edges edges = EDGES.get(n % 3);
      cases.add(
          of("queries " + n, 2, n, 3, new SelectRanked(Math.min(3 * n, 1 + n), n % 2, edges)));
    }
    for (Edges edges : Edges.values()) {
      cases.add(of("of a model, edges " + edges, 2, 300, 91, new SelectRanked(100, 0, edges)));
    }
    cases.add(of("all of them", 1, 67, 3, new SelectRanked(201, 1, Edges.CLIPPED)));
    CaseBuilder ties = new CaseBuilder("select ranked ties");
    ties.input(ties.whole(2 * 50 * 4, -2, 3), 2, 50, 4);
    cases.add(boxes(ties, 2, 50).build(new SelectRanked(120, 0, Edges.KEPT), TOLERANCE));
    CaseBuilder far = new CaseBuilder("select ranked far logits");
    far.input(far.uniform(200, -120, 120), 1, 50, 4);
    cases.add(boxes(far, 1, 50).build(new SelectRanked(200, 0, Edges.KEPT), TOLERANCE));
    cases.add(odd(new SelectRanked(150, 0, Edges.CLIPPED_AND_EMPTY_DROPPED)));
    cases.add(odd(new SelectRanked(2, 0, Edges.KEPT)));
    return cases;
  }

  static List<OpCase> selectBestClasses() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      cases.add(of("queries " + n, 2, n, 1 + n, new SelectBestClasses(n % 2 == 0)));
    }
    cases.add(of("of a model", 2, 100, 92, new SelectBestClasses(false)));
    cases.add(of("of a model, only classes", 1, 125, 7, new SelectBestClasses(true)));
    CaseBuilder ties = new CaseBuilder("select best classes ties");
    ties.input(ties.whole(2 * 50 * 4, -2, 3), 2, 50, 4);
    cases.add(boxes(ties, 2, 50).build(new SelectBestClasses(true), TOLERANCE));
    CaseBuilder far = new CaseBuilder("select best classes far logits");
    far.input(far.uniform(200, -300, 300), 1, 50, 4);
    cases.add(boxes(far, 1, 50).build(new SelectBestClasses(false), TOLERANCE));
    cases.add(odd(new SelectBestClasses(false)));
    return cases;
  }

  private static OpCase of(String name, int batch, int queries, int logits, SelectionOp op) {
    CaseBuilder builder = new CaseBuilder(op.getClass().getSimpleName() + " " + name);
    builder.input(builder.uniform((long) batch * queries * logits, -9, 9), batch, queries, logits);
    return boxes(builder, batch, queries).build(op, TOLERANCE);
  }

  /** NaN and infinity among logits and boxes; the second image has NaN alone. */
  private static OpCase odd(SelectionOp op) {
    double inf = Double.POSITIVE_INFINITY;
    CaseBuilder builder = new CaseBuilder("odd numbers for " + op);
    builder.input(builder.uniform(2 * 50 * 3, -9, 9), 2, 50, 3);
    builder.put(0, 7, Double.NaN).put(0, 31, inf).put(0, 33, -inf).put(0, 80, Double.NaN);
    builder.put(0, 90, -inf).put(0, 91, -inf).put(0, 92, -inf).put(0, 141, inf).put(0, 143, inf);
    for (int i = 0; i < 150; i++) {
      builder.put(0, 150 + i, Double.NaN);
    }
    boxes(builder, 2, 50);
    builder.put(1, 5, Double.NaN).put(1, 11, inf).put(1, 16, -inf).put(1, 21, 0).put(1, 42, 0);
    return builder.build(op, TOLERANCE);
  }

  /** Some of them leave the image. */
  private static CaseBuilder boxes(CaseBuilder builder, int batch, int queries) {
    return builder
        .input(builder.uniform(4L * batch * queries, -0.1, 1.1), batch, queries, 4)
        .denseInput(builder.whole(2L * batch, 1, 1500), batch, 1, 2);
  }
}
