package dev.detr4j.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.VerboseMode;

/** In one JVM the compiler may have bad luck, and every iteration shows it: three tell. */
class ForksTest {
  @Test
  void everyBenchmarkRunsInAtLeastThreeJvms() {
    Set<BenchmarkListEntry> all =
        BenchmarkList.defaultList()
            .getAll(
                OutputFormatFactory.createFormatInstance(System.err, VerboseMode.SILENT),
                List.of());
    assertFalse(all.isEmpty());
    assertEquals(
        List.of(),
        all.stream()
            .filter(benchmark -> benchmark.getForks().orElse(0) < 3)
            .map(BenchmarkListEntry::getUsername)
            .toList());
  }
}
