package dev.detr4j.bench.peer;

import dev.detr4j.bench.peer.ComparisonReport.Group;
import dev.detr4j.bench.peer.ComparisonReport.Place;
import dev.detr4j.bench.peer.ComparisonReport.Row;
import dev.detr4j.bench.peer.RawOutputs.Difference;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;

/** A made-up comparison. */
final class ComparisonReports {
  private ComparisonReports() {}

  static ComparisonReport fixture() {
    Difference difference = new Difference(1e-4f, 2e-6f, 1);
    List<Row> rows =
        List.of(
            new Row("ONNX Runtime 9.9", Peer.ONNXRUNTIME, seconds(3, 4, 2), null),
            new Row("PyTorch 9 eager", Peer.TORCH, seconds(12, 12, 12), difference),
            new Row("detr4j c (sse9)", null, seconds(1, 1.5, 2), difference));
    return new ComparisonReport(
        "some-model",
        80,
        100,
        new Place("a machine", "a JDK", "0123abc"),
        OffsetDateTime.of(2026, 1, 2, 3, 4, 5, 0, ZoneOffset.UTC),
        "3 rounds",
        List.of(new Group(1, rows, "0.1 0.2 0.3", "0.4 0.5 0.6")));
  }

  private static Timings seconds(double... seconds) {
    long[] nanos = new long[seconds.length];
    for (int i = 0; i < nanos.length; i++) {
      nanos[i] = (long) (1e9 * seconds[i]);
    }
    return Timings.ofNanos(nanos, nanos);
  }
}
