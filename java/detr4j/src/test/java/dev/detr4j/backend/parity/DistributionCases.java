package dev.detr4j.backend.parity;

import dev.detr4j.op.Clamp;
import dev.detr4j.op.DistanceBoxes;
import dev.detr4j.op.Gate;
import dev.detr4j.op.TopProbabilities;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.Weight;
import java.util.ArrayList;
import java.util.List;

/** Cases of what D-FINE's decoder needs: gates, limits, and distributions over distances. */
final class DistributionCases {
  private DistributionCases() {}

  static List<OpCase> clamp() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      cases.add(
          new CaseBuilder("clamp columns " + n)
              .input(2, 3, n)
              .build(new Clamp(-0.25f, 0.5f), Tolerance.EXACT));
    }
    cases.add(
        new CaseBuilder("clamp with NaN and infinity")
            .input(1, 4, 21)
            .put(0, 5, Double.NaN)
            .put(0, 20, Double.NaN)
            .put(0, 40, Double.POSITIVE_INFINITY)
            .put(0, 83, Double.NEGATIVE_INFINITY)
            .build(new Clamp(-0.5f, 0.75f), Tolerance.EXACT));
    return cases;
  }

  static List<OpCase> gate() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      cases.add(
          new CaseBuilder("gate columns " + n)
              .input(2, 3, 2 * n)
              .input(2, 3, 2 * n)
              .build(new Gate(), Tolerance.ofUnits(8)));
    }
    cases.add(
        new CaseBuilder("gate model sized")
            .input(1, 300, 512)
            .input(1, 300, 512)
            .build(new Gate(), Tolerance.ofUnits(8)));
    CaseBuilder wide = new CaseBuilder("gate of large logits");
    cases.add(
        wide.input(wide.uniform(4L * 42, -120, 120), 1, 4, 42)
            .input(1, 4, 42)
            .build(new Gate(), Tolerance.ofUnits(8)));
    cases.add(
        new CaseBuilder("gate with NaN and infinity")
            .input(1, 4, 42)
            .input(1, 4, 42)
            .put(0, 5, Double.NaN)
            .put(0, 42 + 3, Double.POSITIVE_INFINITY)
            .put(0, 84 + 3, Double.NEGATIVE_INFINITY)
            .put(1, 126 + 7, Double.NaN)
            .build(new Gate(), Tolerance.ofUnits(8)));
    return cases;
  }

  static List<OpCase> distanceBoxes() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      cases.add(boxes("bins " + n, 2, 5, n, 4));
      cases.add(boxes("queries " + n, 1, n, 33, n % 2 == 0 ? 8 : -4));
    }
    cases.add(boxes("model sized", 1, 300, 33, 4));
    CaseBuilder odd = new CaseBuilder("distance boxes with NaN");
    WeightedOp<DistanceBoxes> op = boxesOp(odd, 33, 4);
    cases.add(
        odd.input(1, 5, 132)
            .input(1, 5, 4)
            .put(0, 7, Double.NaN)
            .put(0, 132 + 40, Double.NEGATIVE_INFINITY)
            .put(1, 2 * 4, Double.NaN)
            .build(op, Tolerance.ofSum(33)));
    return cases;
  }

  private static OpCase boxes(String name, int batch, int queries, int bins, float scale) {
    CaseBuilder builder = new CaseBuilder("distance boxes " + name);
    WeightedOp<DistanceBoxes> op = boxesOp(builder, bins, scale);
    return builder
        .input(builder.uniform((long) batch * queries * 4 * bins, -4, 4), batch, queries, 4 * bins)
        .input(builder.uniform((long) batch * queries * 4, 0, 1), batch, queries, 4)
        .build(op, Tolerance.ofSum(bins + 4));
  }

  private static WeightedOp<DistanceBoxes> boxesOp(CaseBuilder builder, int bins, float scale) {
    Weight worth = builder.weight("worth", -2, 2, bins);
    Weight r = builder.weight("scale", scale, scale + 0.5, 1);
    return WeightedOp.of(new DistanceBoxes(bins), worth, r);
  }

  static List<OpCase> topProbabilities() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      cases.add(top("bins " + n, 2, 5, 3, n, Math.min(n, 4)));
      cases.add(top("groups " + n, 1, 4, n, 9, 1 + n % 9));
    }
    cases.add(top("model sized", 1, 300, 4, 33, 4));
    CaseBuilder equal = new CaseBuilder("top probabilities of equal logits");
    cases.add(
        equal
            .input(new double[2 * 4 * 9], 1, 2, 36)
            .build(new TopProbabilities(4, 9, 4), Tolerance.ofUnits(16)));
    cases.add(
        new CaseBuilder("top probabilities with NaN and infinity")
            .input(1, 3, 36)
            .put(0, 7, Double.NaN)
            .put(0, 36 + 12, Double.POSITIVE_INFINITY)
            .put(0, 72 + 30, Double.NEGATIVE_INFINITY)
            .build(new TopProbabilities(4, 9, 4), Tolerance.ofUnits(16)));
    return cases;
  }

  private static OpCase top(String name, int batch, int queries, int groups, int bins, int k) {
    CaseBuilder builder = new CaseBuilder("top probabilities " + name);
    long count = (long) batch * queries * groups * bins;
    return builder
        .input(builder.uniform(count, -4, 4), batch, queries, groups * bins)
        .build(new TopProbabilities(groups, bins, k), Tolerance.ofUnits(16));
  }
}
