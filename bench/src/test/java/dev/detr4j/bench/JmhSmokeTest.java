package dev.detr4j.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.backend.BackendKind;
import dev.detr4j.parity.ParityTarget;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Runs every benchmark once, with every value of its own parameters, in this JVM and on small
 * inputs. Whether it runs is all that counts; how long it takes is no matter here.
 */
class JmhSmokeTest {
  /** JMH's lock is for the whole machine; nothing is measured here. */
  private static final String IGNORE_LOCK = "jmh.ignoreLock";

  @BeforeEach
  void withoutLock() {
    System.setProperty(IGNORE_LOCK, "true");
  }

  @AfterEach
  void withLock() {
    System.clearProperty(IGNORE_LOCK);
  }

  @Test
  void everyBenchmarkRuns() throws RunnerException {
    List<String> backends =
        ParityTarget.available(1, reason -> System.out.println("smoke: " + reason)).stream()
            .map(ParityTarget::kind)
            .filter(kind -> kind != BackendKind.REFERENCE)
            .distinct()
            .map(BackendKind::id)
            .toList();
    assertTrue(backends.contains("vector"), backends.toString());
    Set<String> ran = new HashSet<>();
    for (RunResult result : run(backends)) {
      ran.add(result.getParams().getBenchmark());
    }
    assertEquals(registered(), ran);
  }

  private static Collection<RunResult> run(List<String> backends) throws RunnerException {
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .include("dev\\.detr4j\\.bench\\..*")
            .forks(0)
            .mode(Mode.SingleShotTime)
            .warmupIterations(0)
            .measurementIterations(1)
            .measurementTime(TimeValue.milliseconds(1))
            .shouldFailOnError(true)
            .verbosity(VerboseMode.SILENT)
            .param("size", "SMALL")
            .param("threads", "1")
            // The other runtimes need a file that Python makes.
            .param("contender", backends.getFirst())
            .param("height", "96")
            .param("width", "128")
            .param("atMostMillis", "1");
    options.param("backend", backends.toArray(new String[0]));
    return new Runner(options.build()).run();
  }

  private static Set<String> registered() {
    Set<String> names = new HashSet<>();
    for (BenchmarkListEntry entry :
        BenchmarkList.defaultList()
            .getAll(
                OutputFormatFactory.createFormatInstance(System.out, VerboseMode.SILENT),
                List.of())) {
      names.add(entry.getUsername());
    }
    assertTrue(names.size() >= 10, names.toString());
    return names;
  }
}
