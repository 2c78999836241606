package dev.detr4j.backend.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import org.junit.jupiter.api.Test;

class VectorWidthTest {
  private static final String NAMED =
      "the width of vectors (detr4j.vector.bits or DETR4J_VECTOR_BITS)";

  @Test
  void refusesWidthsThatDoNotExist() {
    assertEquals(NAMED + " is 100, expected 128, 256 or 512", VectorWidth.refusal(100, 512));
  }

  @Test
  void refusesWidthsThatThisProcessorLacks() {
    assertEquals(
        NAMED + " is 512, but the widest vectors here have 256 bits",
        VectorWidth.refusal(512, 256));
    String reason = VectorWidth.refusal(0, 64);
    assertNotNull(reason);
    assertTrue(reason.startsWith("this processor or JVM has no vectors"), reason);
  }

  /** A species must be a constant, so a JVM has one width. */
  @Test
  void refusesAnotherWidthThanTheOneInUse() {
    VectorBackendProvider provider = new VectorBackendProvider();
    provider.open(new BackendOptions(1, null, 0)).close();
    assertNull(provider.unavailable(new BackendOptions(1, null, Lanes.BITS)));
    int other = Lanes.BITS == 128 ? 256 : 128;
    String reason = provider.unavailable(new BackendOptions(1, null, other));
    assertNotNull(reason);
    assertTrue(
        reason.startsWith("this JVM already runs vectors of " + Lanes.BITS + " bits")
            || reason.contains("widest vectors here"),
        reason);
    assertEquals(BackendKind.VECTOR, provider.kind());
  }
}
