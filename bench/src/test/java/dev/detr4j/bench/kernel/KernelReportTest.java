package dev.detr4j.bench.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.bench.peer.Timings;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class KernelReportTest {
  private static Timings.Series millis(double... millis) {
    return new Timings.Series(Arrays.stream(millis).map(ms -> ms / 1e3).sorted().toArray());
  }

  private static KernelResult convolution(String work, double eager, double packed, double c) {
    return new KernelResult(
        Target.CONVOLUTIONS,
        work,
        1,
        true,
        1,
        Map.of("PyTorch eager", millis(eager), "PyTorch packed", millis(packed)),
        Map.of("c", millis(c)),
        Map.of());
  }

  @Test
  void convolutionsAreJudgedByMeanAndWorstAgainstTheFasterPeer() {
    List<KernelResult> results = List.of(convolution("a", 9, 4, 2), convolution("b", 4, 8, 8));
    assertEquals(2, results.get(0).ratio("c"));
    assertEquals(0.5, results.get(1).ratio("c"));
    String targets = new KernelReport(List.of("c"), results).targets();
    assertTrue(
        targets.contains("| 2 convolutions, geometric mean | 1 | c | >= 1.15 | 1.00 | missed |"),
        targets);
    assertTrue(
        targets.contains("| 2 convolutions, worst: b | 1 | c | >= 0.85 | 0.50 | missed |"),
        targets);
  }

  @Test
  void whatDoesLessWorkDoesNotCount() {
    KernelResult result =
        new KernelResult(
            Target.DEFORMABLE_ATTENTION,
            "tokens",
            2,
            true,
            1,
            Map.of("PyTorch whole", millis(62, 60, 61), TorchPeer.CORE, millis(20)),
            Map.of("c", millis(2, 2, 2.1)),
            Map.of());
    KernelReport report = new KernelReport(List.of("c"), List.of(result));
    assertTrue(
        report.targets().contains("| >= 30.00 | 30.50 | met | 5 %, 3 % |"), report.targets());
    assertTrue(
        report.cases(Target.DEFORMABLE_ATTENTION, 2).contains("| 2.00 [2.00, 2.10] | 30.50 |"));
    assertEquals("", report.cases(Target.DEFORMABLE_ATTENTION, 1));
  }

  @Test
  void peaksAreReachedInPart() {
    KernelResult result =
        new KernelResult(
                Target.LINEAR_LAYERS,
                "layer",
                1,
                true,
                900_000_000L,
                Map.of(),
                Map.of("c", millis(10), "vector", millis(10)),
                Map.of())
            .against(Map.of("c", 100e9));
    String targets = new KernelReport(List.of("c", "vector"), List.of(result)).targets();
    assertTrue(targets.contains("| c | >= 92.0 % | 90.0 % | missed | 0 % |"), targets);
    assertTrue(targets.contains("| vector | >= 85.0 % | no peer |  | 0 % |"), targets);
  }
}
