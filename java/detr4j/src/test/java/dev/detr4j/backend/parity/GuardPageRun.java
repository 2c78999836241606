package dev.detr4j.backend.parity;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.reference.ReferenceBackendProvider;
import dev.detr4j.op.OpSpec;
import java.util.List;
import java.util.Locale;

/**
 * The process that {@link GuardPageTest} starts: runs every case of one variant between unmapped
 * pages.
 *
 * <p>It prints the name of a case before it runs it, so that the last line names the case that
 * killed the process.
 */
final class GuardPageRun {
  static final String DONE = "all cases ran between guard pages: ";

  private GuardPageRun() {}

  /** Arguments: backend, instruction set or -, vector bits. */
  public static void main(String[] arguments) {
    String tier = arguments[1].equals("-") ? null : arguments[1];
    Variant variant =
        new Variant(
            BackendKind.of(arguments[0]),
            new BackendOptions(2, tier, Integer.parseInt(arguments[2])));
    int count = 0;
    int failures = 0;
    try (Backend reference = new ReferenceBackendProvider().open(new BackendOptions(2, null, 0));
        Backend backend = variant.open()) {
      for (Class<?> op : OpSpec.class.getPermittedSubclasses()) {
        for (OpCase test : OpCases.of(op)) {
          try {
            check(reference, backend, variant, test);
          } catch (AssertionError e) {
            // Wrong results are told apart from accesses outside: the other cases still run.
            System.out.println(e.getMessage());
            failures++;
          }
          count++;
        }
      }
    }
    System.out.println(failures == 0 ? DONE + count : failures + " of " + count + " cases failed");
  }

  private static void check(Backend reference, Backend backend, Variant variant, OpCase test) {
    List<double[]> expected;
    try (CaseMemory memory = CaseMemory.of(reference)) {
      expected = CaseRun.run(reference, test, CaseRun.Layout.PACKED, memory);
    }
    for (CaseRun.Layout layout : CaseRun.Layout.values()) {
      for (boolean behind : new boolean[] {true, false}) {
        String where =
            variant
                + " ("
                + layout.name().toLowerCase(Locale.ROOT)
                + ", guard page "
                + (behind ? "behind" : "before")
                + ")";
        System.out.println(test + " on " + where);
        try (CaseMemory memory = new GuardedMemory(behind)) {
          Comparison.check(test, where, expected, CaseRun.run(backend, test, layout, memory));
        }
      }
    }
  }
}
