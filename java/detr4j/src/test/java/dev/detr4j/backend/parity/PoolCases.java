package dev.detr4j.backend.parity;

import dev.detr4j.op.AveragePool;
import dev.detr4j.op.Multiply;
import dev.detr4j.op.OpSpec;
import dev.detr4j.op.RowMax;
import dev.detr4j.op.Upsample;
import java.util.ArrayList;
import java.util.List;

/** Cases of the operations that the necks of RT-DETR and Conditional DETR's queries need. */
final class PoolCases {
  private PoolCases() {}

  static List<OpCase> averagePool() {
    List<OpCase> cases = new ArrayList<>();
    AveragePool shortcut = new AveragePool(2, 2);
    for (int n = 1; n <= 40; n++) {
      cases.add(average("channels " + n, shortcut, 1, 5, 6, n));
      cases.add(average("width " + n, shortcut, 1, 3, n, 9));
      cases.add(average("height " + n, shortcut, 1, n, 4, 17));
    }
    cases.add(average("shortcut", shortcut, 2, 63, 79, 64));
    cases.add(average("one pixel", shortcut, 1, 1, 1, 33));
    cases.add(average("overlapping", new AveragePool(3, 1), 1, 7, 9, 20));
    cases.add(average("thirds", new AveragePool(3, 2), 1, 8, 11, 20));
    CaseBuilder odd =
        new CaseBuilder("average pool with NaN and infinity")
            .input(1, 9, 10, 19)
            .put(0, 5, Double.NaN)
            .put(0, 40 * 19, Double.POSITIVE_INFINITY)
            .put(0, 41 * 19, Double.NEGATIVE_INFINITY)
            .put(0, 89 * 19 + 3, Double.NEGATIVE_INFINITY);
    cases.add(odd.build(shortcut, Tolerance.ofSum(4)));
    return cases;
  }

  private static OpCase average(
      String name, AveragePool op, int batch, int height, int width, int channels) {
    return new CaseBuilder("average pool " + name)
        .input(batch, height, width, channels)
        .build(op, Tolerance.ofSum(op.kernel() * op.kernel()));
  }

  static List<OpCase> upsample() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      cases.add(exact("upsample channels " + n, new Upsample(2), 2, 3, 4, n));
    }
    cases.add(exact("upsample one pixel", new Upsample(2), 1, 1, 1, 7));
    cases.add(exact("upsample row", new Upsample(2), 1, 1, 13, 31));
    cases.add(exact("upsample column", new Upsample(2), 1, 13, 1, 31));
    cases.add(exact("upsample neck", new Upsample(2), 1, 20, 21, 256));
    cases.add(exact("upsample by three", new Upsample(3), 2, 5, 7, 20));
    cases.add(exact("upsample by one", new Upsample(1), 1, 5, 7, 20));
    cases.add(
        new CaseBuilder("upsample NaN and infinity")
            .input(1, 3, 4, 19)
            .put(0, 21, Double.NaN)
            .put(0, 70, Double.NEGATIVE_INFINITY)
            .build(new Upsample(2), Tolerance.EXACT));
    return cases;
  }

  private static OpCase exact(
      String name, OpSpec op, int batch, int height, int width, int channels) {
    return new CaseBuilder(name).input(batch, height, width, channels).build(op, Tolerance.EXACT);
  }

  static List<OpCase> multiply() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      cases.add(
          new CaseBuilder("multiply columns " + n)
              .input(2, 3, n)
              .input(2, 3, n)
              .build(new Multiply(), Tolerance.EXACT));
    }
    cases.add(
        new CaseBuilder("multiply map")
            .input(2, 31, 17, 48)
            .input(2, 31, 17, 48)
            .build(new Multiply(), Tolerance.EXACT));
    cases.add(
        new CaseBuilder("multiply with NaN and infinity")
            .input(1, 4, 21)
            .input(1, 4, 21)
            .put(0, 5, Double.NaN)
            .put(0, 40, Double.POSITIVE_INFINITY)
            .put(1, 40, Double.NEGATIVE_INFINITY)
            .put(0, 83, Double.NEGATIVE_INFINITY)
            .put(1, 83, 0)
            .build(new Multiply(), Tolerance.EXACT));
    return cases;
  }

  static List<OpCase> rowMax() {
    List<OpCase> cases = new ArrayList<>();
    for (int n = 1; n <= 40; n++) {
      cases.add(
          new CaseBuilder("row max columns " + n)
              .input(2, 7, n)
              .build(new RowMax(), Tolerance.EXACT));
    }
    cases.add(
        new CaseBuilder("row max classes").input(1, 401, 80).build(new RowMax(), Tolerance.EXACT));
    CaseBuilder odd = new CaseBuilder("row max with NaN and infinity").input(1, 6, 37);
    odd.put(0, 0, Double.NaN);
    odd.put(0, 37 + 36, Double.NaN);
    odd.put(0, 2 * 37 + 5, Double.POSITIVE_INFINITY);
    for (int c = 0; c < 37; c++) {
      odd.put(0, 3 * 37 + c, Double.NEGATIVE_INFINITY);
      odd.put(0, 4 * 37 + c, Double.NaN);
    }
    cases.add(odd.build(new RowMax(), Tolerance.EXACT));
    return cases;
  }
}
