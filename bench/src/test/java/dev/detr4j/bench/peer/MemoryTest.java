package dev.detr4j.bench.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class MemoryTest {
  @Test
  void figuresAreReadFromTheProcessStatus() {
    List<String> status = List.of("Name:\tjava", "VmHWM:\t  2048 kB", "VmRSS:\t    1024 kB");
    assertEquals(new ProcessMemory(1 << 20, 2 << 20), ProcessMemory.parse(status));
    assertThrows(ComparisonException.class, () -> ProcessMemory.parse(List.of("VmRSS:\t 1024 kB")));
  }

  @Test
  void figuresTravelAsText() {
    MemoryOfOne.Figures figures = figures("detr4j c (avx512)", 5, 7);
    assertEquals(figures, MemoryOfOne.Figures.parse(figures + "\n"));
  }

  @Test
  void theTableIsInPartsOfOnnxRuntime() {
    MemoryOfOne.Figures onnx = figures("ONNX Runtime 9", 100, 200);
    assertEquals(
        """
        | | resident MiB | peak MiB | resident / ONNX Runtime's | peak / ONNX Runtime's |
        |---|---|---|---|---|
        | ONNX Runtime 9 | 100 | 200 | 1.00 | 1.00 |
        | detr4j c (sse9) | 40 | 50 | 0.40 | 0.25 |
        """,
        MemoryCommand.table(List.of(onnx, figures("detr4j c (sse9)", 40, 50)), onnx));
    assertEquals(
        """
        | | resident MiB | peak MiB |
        |---|---|---|
        | ONNX Runtime 9 | 100 | 200 |
        """,
        MemoryCommand.table(List.of(onnx), null));
  }

  private static MemoryOfOne.Figures figures(String name, long resident, long peak) {
    return new MemoryOfOne.Figures(new ProcessMemory(resident << 20, peak << 20), name);
  }
}
