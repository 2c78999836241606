package dev.detr4j.backend.parity;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.reference.ReferenceBackendProvider;
import dev.detr4j.op.OpSpec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Every case of every operation, on every backend and tier, against the reference.
 *
 * <p>The reference computes on packed tensors; the others also on tensors with gaps, and the
 * reference itself only on those.
 */
class OpParityTest {
  private static final Backend REFERENCE =
      new ReferenceBackendProvider().open(new BackendOptions(2, null, 0));
  private static final Map<String, List<double[]>> EXPECTED = new HashMap<>();
  private static final Map<Variant, Backend> OPEN = new HashMap<>();

  @AfterAll
  static void close() {
    OPEN.values().forEach(Backend::close);
    REFERENCE.close();
  }

  @Test
  void everyOperationHasCases() {
    Set<String> names = new HashSet<>();
    for (Class<?> op : OpSpec.class.getPermittedSubclasses()) {
      List<OpCase> cases = OpCases.of(op);
      assertFalse(
          cases.isEmpty(), () -> op.getSimpleName() + " has no parity cases; add them to OpCases");
      for (OpCase test : cases) {
        if (!names.add(test.name())) {
          fail("two cases are called " + test.name());
        }
      }
    }
  }

  @TestFactory
  Stream<DynamicNode> matchesReference() {
    return Variant.all().stream().map(OpParityTest::container);
  }

  private static DynamicNode container(Variant variant) {
    if (variant.unavailable() != null) {
      return dynamicTest(variant.toString(), () -> assumeAvailable(variant));
    }
    List<DynamicContainer> ops = new ArrayList<>();
    for (Class<?> op : OpSpec.class.getPermittedSubclasses()) {
      ops.add(
          dynamicContainer(
              op.getSimpleName(),
              OpCases.of(op).stream()
                  .map(test -> dynamicTest(test.toString(), () -> check(variant, test)))));
    }
    return dynamicContainer(variant.toString(), ops);
  }

  /**
   * Reported, never silent: a failure where the backend is required, an aborted test with the
   * reason where it is not.
   */
  static void assumeAvailable(Variant variant) {
    String reason = variant.unavailable();
    if (reason == null) {
      return;
    }
    if (variant.isRequired()) {
      fail(
          "backend "
              + variant
              + " is required by detr4j.test.requireBackends and cannot be used: "
              + reason);
    }
    System.out.println("op parity: " + variant + " is left out: " + reason);
    Assumptions.abort(variant + ": " + reason);
  }

  private static void check(Variant variant, OpCase test) {
    Backend backend = OPEN.computeIfAbsent(variant, Variant::open);
    List<double[]> expected =
        EXPECTED.computeIfAbsent(test.name(), name -> run(REFERENCE, test, CaseRun.Layout.PACKED));
    assertNotNull(expected);
    for (CaseRun.Layout layout : CaseRun.Layout.values()) {
      String where = variant + " (" + layout.name().toLowerCase(Locale.ROOT) + ")";
      Comparison.check(test, where, expected, run(backend, test, layout));
    }
  }

  private static List<double[]> run(Backend backend, OpCase test, CaseRun.Layout layout) {
    try (CaseMemory memory = CaseMemory.of(backend)) {
      return CaseRun.run(backend, test, layout, memory);
    }
  }
}
