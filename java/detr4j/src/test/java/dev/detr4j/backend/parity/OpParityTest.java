package dev.detr4j.backend.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every case of every operation, on every backend, tier and width of vectors, against the
 * reference; {@link Selection} narrows it.
 *
 * <p>The reference computes on packed tensors; the others also on tensors with gaps, and the
 * reference itself only on those. A backend that lacks an operation is one failure, and so is an
 * operation that is wrong on one tier, whatever the number of cases.
 */
class OpParityTest {
  /** A report shows so many of the cases that failed; they tend to fail alike. */
  private static final int SHOWN = 5;

  @TempDir private static Path folder;

  private static VariantCheck check;
  private static final Map<Variant, VariantJvm> ELSEWHERE = new HashMap<>();

  @BeforeAll
  static void open() {
    check = new VariantCheck(List.of(Placement.ANYWHERE), _ -> {});
  }

  @AfterAll
  static void close() {
    check.close();
    ELSEWHERE.clear();
  }

  @Test
  void everyOperationHasCases() {
    Set<String> names = new HashSet<>();
    for (Class<?> op : Selection.ofProcess().operations()) {
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
    Selection selection = Selection.ofProcess();
    List<Variant> present =
        selection.variants().stream().filter(variant -> variant.unavailable() == null).toList();
    Stream<DynamicNode> absent =
        selection.variants().stream()
            .filter(variant -> !present.contains(variant))
            .map(variant -> dynamicTest(variant.toString(), () -> assumeAvailable(variant)));
    // The width that the best has in this JVM would run twice.
    List<Variant> different =
        present.stream()
            .filter(variant -> !present.contains(variant.best()) || !variant.hasWidthOfThisJvm())
            .toList();
    return Stream.concat(
        absent,
        selection.operations().stream()
            .map(op -> dynamicContainer(op.getSimpleName(), tests(op, OpCases.of(op), different))));
  }

  /** One that all backends have the operation, then one for each variant that has. */
  private static Stream<DynamicTest> tests(
      Class<?> op, List<OpCase> cases, List<Variant> variants) {
    String name = op.getSimpleName();
    Map<BackendKind, String> lacking = lacking(cases, variants);
    return Stream.concat(
        Stream.of(
            dynamicTest(
                "is on every backend",
                () -> {
                  List<String> missing = new ArrayList<>();
                  lacking.forEach((kind, why) -> {
                    if (Selection.isOn(kind, op)) {
                      missing.add(why);
                    }
                  });
                  if (!missing.isEmpty()) {
                    fail(name + " is not compared everywhere: " + String.join("; ", missing));
                  }
                })),
        variants.stream()
            .filter(variant ->
                !lacking.containsKey(BackendKind.REFERENCE) && !lacking.containsKey(variant.kind()))
            .map(variant ->
                dynamicTest(
                    variant.toString(),
                    () -> compare(variant, name, cases, Selection.isOn(variant.kind(), op)))));
  }

  /** Why backends do not take every case, for each that does not. */
  private static Map<BackendKind, String> lacking(List<OpCase> cases, List<Variant> variants) {
    Map<BackendKind, String> lacking = new EnumMap<>(BackendKind.class);
    Set<Variant> asked = new HashSet<>();
    asked.add(new Variant(BackendKind.REFERENCE, new BackendOptions(1, null, 0)));
    variants.stream()
        .map(Variant::best)
        .filter(best -> !best.needsOwnJvm()) // what those lack, their JVMs say
        .forEach(asked::add);
    for (Variant variant : asked) {
      Backend backend = check.open(variant);
      List<OpCase> refused =
          cases.stream().filter(test -> backend.refusal(test.op()) != null).toList();
      if (!refused.isEmpty()) {
        lacking.put(
            variant.kind(),
            backend.refusal(refused.getFirst().op())
                + (refused.size() == cases.size()
                    ? ""
                    : " (" + refused.size() + " of " + cases.size() + " cases)"));
      }
    }
    return lacking;
  }

  private static void compare(Variant variant, String op, List<OpCase> cases, boolean expected) {
    List<String> failures;
    if (variant.needsOwnJvm()) {
      VariantJvm jvm =
          ELSEWHERE.computeIfAbsent(variant, width -> VariantJvm.run(width, false, folder));
      failures = jvm.failures(op);
      if (!expected && failures.isEmpty()) {
        assertTrue(jvm.lacking().contains(op), op + " is on " + variant + ": compare it");
        Assumptions.abort(op + " is not for " + variant + ", see Selection.isOn");
      }
      if (failures.isEmpty()) {
        assertEquals(cases.size(), jvm.checked(op), "cases that ran in the JVM of " + variant);
      }
    } else {
      failures = check.failures(variant, cases);
    }
    if (!failures.isEmpty()) {
      fail(op + " on " + variant + ": " + report(failures));
    }
  }

  /** How many failures there are, and the first of them. */
  static String report(List<String> failures) {
    StringBuilder report = new StringBuilder();
    report.append(failures.size()).append(failures.size() == 1 ? " failure:" : " failures:");
    failures.stream().limit(SHOWN).forEach(failure -> report.append("\n  ").append(failure));
    if (failures.size() > SHOWN) {
      report.append("\n  … and ").append(failures.size() - SHOWN).append(" more");
    }
    return report.toString();
  }

  /**
   * Reported, never silent: a failure where the variant is required, an aborted test with the
   * reason where it is not.
   */
  static void assumeAvailable(Variant variant) {
    String reason = variant.unavailable();
    if (reason == null) {
      return;
    }
    String required = variant.requiredBy();
    if (required != null) {
      fail("backend " + variant + " is required by " + required + " and cannot be used: " + reason);
    }
    System.out.println("op parity: " + variant + " is left out: " + reason);
    Assumptions.abort(variant + ": " + reason);
  }
}
