package dev.detr4j.bench.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.op.OpSpec;
import dev.detr4j.op.SoftNms;
import dev.detr4j.parity.ParityTarget;
import dev.detr4j.tensor.ElementType;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Every kernel benchmark, with every parameter, computes the same on every backend and tier. */
class KernelAgreementTest {
  private static final List<Class<? extends KernelBenchmark>> BENCHMARKS =
      List.of(
          AttentionBenchmark.class,
          ConvolutionBenchmark.class,
          GroupNormBenchmark.class,
          LayerNormBenchmark.class,
          LinearBenchmark.class,
          MaxPoolBenchmark.class,
          MsDeformAttentionBenchmark.class,
          ResizeBenchmark.class,
          SoftNmsBenchmark.class,
          TopKBenchmark.class);

  /** What JMH's processor has registered is what is compared here. */
  @Test
  void noBenchmarkIsLeftOut() {
    Set<String> registered = new HashSet<>();
    for (BenchmarkListEntry entry :
        BenchmarkList.defaultList()
            .getAll(
                OutputFormatFactory.createFormatInstance(System.out, VerboseMode.SILENT),
                List.of())) {
      if (entry.getUserClassQName().startsWith("dev.detr4j.bench.kernel.")) {
        registered.add(entry.getUserClassQName());
      }
    }
    Set<String> compared = new HashSet<>();
    BENCHMARKS.forEach(benchmark -> compared.add(benchmark.getName()));
    assertEquals(compared, registered);
  }

  @TestFactory
  Stream<DynamicNode> everyBackendAgreesWithTheReference() {
    List<ParityTarget> targets =
        ParityTarget.available(2, reason -> System.out.println("kernel benchmarks: " + reason));
    return BENCHMARKS.stream()
        .map(benchmark ->
            dynamicContainer(
                benchmark.getSimpleName(),
                cases(benchmark).stream()
                    .map(kernel -> dynamicTest(kernel.name(), () -> compare(kernel, targets)))));
  }

  /** The cases of all values of the parameters that the benchmark has of its own. */
  private static List<KernelCase> cases(Class<? extends KernelBenchmark> type) {
    try {
      List<KernelCase> cases = new ArrayList<>();
      Field[] fields = type.getDeclaredFields();
      if (fields.length == 0) {
        return List.of(type.getDeclaredConstructor().newInstance().kernel(CaseSize.SMALL));
      }
      for (Field field : fields) {
        Param values = field.getAnnotation(Param.class);
        if (values == null) {
          continue;
        }
        assertTrue(cases.isEmpty(), type + " has two parameters; this test knows one");
        for (Object value : values(field, values)) {
          KernelBenchmark benchmark = type.getDeclaredConstructor().newInstance();
          field.set(benchmark, value);
          cases.add(benchmark.kernel(CaseSize.SMALL));
        }
      }
      return cases;
    } catch (ReflectiveOperationException e) {
      throw new LinkageError(type + " cannot be made", e);
    }
  }

  private static Object[] values(Field field, Param values) {
    if (field.getType().isEnum()) {
      return field.getType().getEnumConstants();
    }
    return Stream.of(values.value())
        .map(value -> field.getType() == int.class ? Integer.valueOf(value) : value)
        .toArray();
  }

  private static void compare(KernelCase kernel, List<ParityTarget> targets) {
    List<Object> expected = results(ParityTarget.of(BackendKind.REFERENCE, null, 1), kernel);
    for (ParityTarget target : targets) {
      if (target.kind() == BackendKind.REFERENCE) {
        continue;
      }
      List<Object> actual = results(target, kernel);
      for (int output = 0; output < expected.size(); output++) {
        String where = kernel.name() + " on " + target + ", output " + output;
        if (expected.get(output) instanceof float[] floats) {
          assertArrayEquals(
              floats, (float[]) actual.get(output), (float) kernel.tolerance(), where);
        } else {
          assertArrayEquals((int[]) expected.get(output), (int[]) actual.get(output), where);
        }
      }
    }
  }

  private static List<Object> results(ParityTarget target, KernelCase kernel) {
    try (Backend backend = target.open();
        KernelRun run = new KernelRun(backend, kernel)) {
      run.run();
      List<Object> results = new ArrayList<>();
      List<OpSpec.Output> outputs = kernel.outputs();
      for (int i = 0; i < outputs.size(); i++) {
        results.add(outputs.get(i).type() == ElementType.F32 ? run.floats(i) : run.integers(i));
      }
      if (kernel.op() instanceof SoftNms) {
        // What stands past the count of kept boxes is open.
        int kept = ((int[]) results.get(2))[0];
        assertTrue(kept > 0, kernel.name());
        results.set(0, Arrays.copyOf((float[]) results.get(0), kept));
        results.set(1, Arrays.copyOf((int[]) results.get(1), kept));
      }
      return results;
    }
  }
}
