package dev.detr4j.backend.parity;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.reference.ReferenceBackendProvider;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Compares variants with the reference, case by case, on packed tensors and on tensors with gaps.
 *
 * <p>The reference computes on packed tensors. Opens each variant once. Not thread-safe.
 */
final class VariantCheck implements AutoCloseable {
  private final Backend reference =
      new ReferenceBackendProvider().open(new BackendOptions(2, null, 0));
  private final Map<Variant, Backend> open = new HashMap<>();
  private final Map<String, List<double[]>> expected = new HashMap<>();
  private final List<Placement> placements;
  private final Consumer<String> before;

  /**
   * Makes a check.
   *
   * @param placements each case runs in each of them
   * @param before is told what runs, before it runs
   */
  VariantCheck(List<Placement> placements, Consumer<String> before) {
    this.placements = placements;
    this.before = before;
  }

  Backend open(Variant variant) {
    return open.computeIfAbsent(variant, Variant::open);
  }

  /** A line for each case that failed, in order, as far as {@code cases} go. */
  List<String> failures(Variant variant, List<OpCase> cases) {
    List<String> failures = new ArrayList<>();
    for (OpCase test : cases) {
      try {
        check(variant, test);
      } catch (AssertionError e) {
        failures.add(e.getMessage());
      } catch (RuntimeException | LinkageError e) {
        StringWriter trace = new StringWriter();
        e.printStackTrace(new PrintWriter(trace, true));
        failures.add(test + " on " + variant + ": " + trace);
      }
    }
    return failures;
  }

  private void check(Variant variant, OpCase test) {
    Backend backend = open(variant);
    List<double[]> wanted =
        expected.computeIfAbsent(
            test.name(), _ -> run(reference, test, CaseRun.Layout.PACKED, Placement.ANYWHERE));
    for (CaseRun.Layout layout : CaseRun.Layout.values()) {
      for (Placement placement : placements) {
        String where =
            variant + " (" + layout.name().toLowerCase(Locale.ROOT) + placement.words + ")";
        before.accept(test + " on " + where);
        Comparison.check(test, where, wanted, run(backend, test, layout, placement));
      }
    }
  }

  private static List<double[]> run(
      Backend backend, OpCase test, CaseRun.Layout layout, Placement placement) {
    try (CaseMemory memory = placement.memory(backend)) {
      return CaseRun.run(backend, test, layout, memory);
    }
  }

  @Override
  public void close() {
    open.values().forEach(Backend::close);
    reference.close();
  }
}
