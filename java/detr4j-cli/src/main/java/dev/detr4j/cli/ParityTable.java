package dev.detr4j.cli;

import dev.detr4j.parity.ParityCase;
import dev.detr4j.parity.ParityOutcome;
import dev.detr4j.parity.ParityOutcome.Verdict;
import dev.detr4j.parity.ParityTarget;
import dev.detr4j.parity.StageResult;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Help.Ansi;

/** Prints outcomes as they come, in columns whose widths are known beforehand, then the sums. */
final class ParityTable {
  private static final int STAGE_WIDTH = "gradient.norm_weight".length();

  private final PrintWriter out;
  private final boolean worstOnly;
  private final Ansi colours = Terminal.colours();
  private final String row;
  private final long start = System.nanoTime();
  private final List<String> failures = new ArrayList<>();
  private int stages;
  private int passed;
  private int missed;
  private int errors;
  private int notRun;
  private int ran;

  ParityTable(
      PrintWriter out, List<ParityCase> cases, List<ParityTarget> targets, boolean worstOnly) {
    this.out = out;
    this.worstOnly = worstOnly;
    int path = cases.stream().mapToInt(each -> each.path().length()).max().orElse(4);
    int tier = targets.stream().mapToInt(each -> each.tier().length()).max().orElse(4);
    row =
        "%-"
            + Math.max(4, path)
            + "s  %-9s  %-"
            + Math.max(4, tier)
            + "s  %-"
            + STAGE_WIDTH
            + "s  %13s  %9s  ";
  }

  void header() {
    String titles =
        row.formatted("case", "backend", "tier", "stage", "max-abs error", "tolerance") + "verdict";
    out.println(colours.string("@|bold " + titles + "|@"));
  }

  void add(ParityOutcome outcome) {
    switch (outcome.verdict()) {
      case PASS, MISS -> ran++;
      case ERROR -> errors++;
      case NOT_RUN -> notRun++;
    }
    if (outcome.stages().isEmpty()) {
      String word = outcome.verdict() == Verdict.NOT_RUN ? "not run" : "@|red ERROR|@";
      out.println(
          row(outcome, "-", "-", "-")
              + colours.string(word)
              + ": "
              + Terminal.printable(outcome.message()));
      if (outcome.fails()) {
        failures.add(name(outcome) + ": " + Terminal.printable(outcome.message()));
      }
    }
    for (StageResult stage : outcome.stages()) {
      stages++;
      if (stage.passes()) {
        passed++;
      } else {
        missed++;
        failures.add(
            "%s, %s: %s, tolerance %s%s"
                .formatted(
                    name(outcome),
                    stage.stage(),
                    number(stage.maxAbsError()),
                    number(stage.tolerance()),
                    note(stage)));
      }
      if (!worstOnly || outcome.fails()) {
        print(outcome, stage);
      }
    }
    if (worstOnly && !outcome.fails()) {
      outcome.worst().ifPresent(stage -> print(outcome, stage));
    }
    out.flush();
  }

  private void print(ParityOutcome outcome, StageResult stage) {
    out.println(
        row(outcome, stage.stage(), number(stage.maxAbsError()), number(stage.tolerance()))
            + colours.string(stage.passes() ? "@|green pass|@" : "@|bold,red MISS|@")
            + note(stage));
  }

  private static String note(StageResult stage) {
    return stage.note().isEmpty() ? "" : " (" + Terminal.printable(stage.note()) + ")";
  }

  private String row(ParityOutcome outcome, String stage, String error, String tolerance) {
    return row.formatted(
        Terminal.printable(outcome.path()),
        outcome.backend(),
        outcome.tier(),
        stage,
        error,
        tolerance);
  }

  /** Whether anything is a reason to fail. */
  boolean fails() {
    return missed > 0 || errors > 0 || ran == 0;
  }

  void summary() {
    out.println();
    for (String failure : failures) {
      out.println(colours.string("@|bold,red miss|@ ") + failure);
    }
    out.printf(
        Locale.ROOT,
        "%d runs of cases, %d stages: %d pass, %d miss; %d errors; %d cases not run; %.0f s%n",
        ran,
        stages,
        passed,
        missed,
        errors,
        notRun,
        (System.nanoTime() - start) / 1e9);
    if (ran == 0) {
      out.println("No case was run.");
    }
    out.flush();
  }

  private static String name(ParityOutcome outcome) {
    return Terminal.printable(outcome.path()) + " on " + outcome.backend() + " " + outcome.tier();
  }

  private static String number(double value) {
    return value == 0 ? "0" : String.format(Locale.ROOT, "%.2e", value);
  }
}
