package dev.detr4j.backend.parity;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import java.util.List;

/**
 * The process that {@link VariantJvm} starts: runs the cases of one variant, those of the
 * operations that {@link Selection} names.
 *
 * <p>It prints one line for each thing that it reports, as {@link VariantJvm} reads it. The name of
 * a run comes before the run, so that the last line names the case that killed the process.
 */
final class VariantRun {
  static final String RUNS = "runs ";
  static final String LACKS = "lacks ";
  static final String FAILED = "failed ";
  static final String CHECKED = "checked ";
  static final String DONE = "done";

  /** Stands for a line break within a line. */
  static final String BREAK = "\u2028";

  static final String GUARDED = "guarded";

  private VariantRun() {}

  /** Arguments: backend, instruction set or -, vector bits, and how tensors lie in memory. */
  public static void main(String[] arguments) {
    String tier = arguments[1].equals("-") ? null : arguments[1];
    Variant variant =
        new Variant(
            BackendKind.of(arguments[0]),
            new BackendOptions(2, tier, Integer.parseInt(arguments[2])));
    List<Placement> placements =
        arguments[3].equals(GUARDED) ? Placement.GUARDED : List.of(Placement.ANYWHERE);
    try (VariantCheck check = new VariantCheck(placements, what -> print(RUNS, what))) {
      Backend backend = check.open(variant);
      for (Class<?> op : Selection.ofProcess().operations()) {
        List<OpCase> cases = OpCases.of(op);
        List<OpCase> taken =
            cases.stream().filter(test -> backend.refusal(test.op()) == null).toList();
        if (taken.size() < cases.size()) {
          print(LACKS, op.getSimpleName());
        }
        for (String failure : check.failures(variant, taken)) {
          print(FAILED, op.getSimpleName() + " " + failure);
        }
        print(CHECKED, op.getSimpleName() + " " + taken.size());
      }
    }
    System.out.println(DONE);
  }

  private static void print(String kind, String what) {
    System.out.println(kind + what.replaceAll("\\R", BREAK));
  }
}
