package dev.detr4j.train.engine;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.BackendProvider;
import dev.detr4j.backend.c.CBackendProvider;
import dev.detr4j.backend.reference.ReferenceBackendProvider;
import dev.detr4j.backend.vector.VectorBackendProvider;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** The backends that train. */
final class TrainingBackends {
  private TrainingBackends() {}

  static Stream<BackendProvider> all() {
    return Stream.of(
        new ReferenceBackendProvider(), new VectorBackendProvider(), new CBackendProvider());
  }

  /** A missing backend narrows the tests, unless the build says that it must be there. */
  static void assumeAvailable(BackendProvider provider) {
    String reason = provider.unavailable(new BackendOptions(2, null, 0));
    boolean required =
        Arrays.asList(System.getProperty("detr4j.test.requireBackends", "").split(",", -1))
            .contains(provider.kind().id());
    assertTrue(reason == null || !required, reason);
    Assumptions.assumeTrue(reason == null, reason);
  }
}
