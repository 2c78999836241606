package dev.detr4j.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.BackendProvider;
import dev.detr4j.backend.c.CBackendProvider;
import dev.detr4j.backend.reference.ReferenceBackendProvider;
import dev.detr4j.backend.vector.VectorBackendProvider;
import dev.detr4j.checkpoint.SafetensorsFile;
import dev.detr4j.error.CheckpointException;
import dev.detr4j.json.JsonObject;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * The gradients of single operations against PyTorch's in float64: each case is a graph of one
 * node, whose gradients by inputs and weights are those of a training graph.
 */
class OperationGradientsTest {
  private static final Path FOLDER = Path.of("src/test/resources/dev/detr4j/parity/training/ops");

  /** Single precision against double: what an implementation may add to PyTorch's own noise. */
  private static final double FLOOR = 1e-6;

  @TestFactory
  Stream<DynamicTest> agreeWithPyTorch() {
    JsonObject index = JsonObject.read(FOLDER.resolve("index.json"), CheckpointException::new);
    List<BackendProvider> providers =
        List.of(
            new ReferenceBackendProvider(), new VectorBackendProvider(), new CBackendProvider());
    return providers.stream()
        .flatMap(provider ->
            index.objects("cases").stream()
                .filter(entry -> !entry.string("op").matches(".*loss|cross_entropy"))
                .map(entry ->
                    dynamicTest(
                        provider.kind().id() + " " + entry.string("case"),
                        () -> check(provider, entry))));
  }

  private static void check(BackendProvider provider, JsonObject entry) {
    BackendOptions options = new BackendOptions(2, null, 0);
    String reason = provider.unavailable(options);
    boolean required =
        Arrays.asList(System.getProperty("detr4j.test.requireBackends", "").split(",", -1))
            .contains(provider.kind().id());
    assertTrue(reason == null || !required, reason);
    Assumptions.assumeTrue(reason == null, reason);
    if (entry.string("case").equals("convolution/groups")
        && provider.kind() != BackendKind.REFERENCE) {
      return; // No model that is trained has such a convolution; the others refuse its gradient.
    }
    try (Backend backend = provider.open(options);
        SafetensorsFile stored = SafetensorsFile.open(FOLDER.resolve(entry.string("file")))) {
      Map<String, float[]> found = new OperationCase(entry).run(backend);
      JsonObject noise = entry.object("max_abs_diff_float32");
      JsonObject greatest = entry.object("greatest");
      assertEquals(new TreeSet<>(noise.names()), new TreeSet<>(found.keySet()));
      found.forEach((name, values) -> {
        double[] expected = StoredValues.doubles(stored, name);
        double limit = Math.max(10 * noise.number(name), FLOOR * greatest.number(name));
        assertEquals(expected.length, values.length, name);
        for (int i = 0; i < expected.length; i++) {
          int at = i;
          if (Math.abs(expected[i] - values[i]) > limit || Float.isNaN(values[i])) {
            throw new AssertionError(
                String.format(
                    Locale.ROOT,
                    "%s element %d: expected %.9g, got %.9g, limit %.2g",
                    name,
                    at,
                    expected[i],
                    values[i],
                    limit));
          }
        }
      });
    }
  }
}
