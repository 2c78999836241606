package dev.detr4j.cli.profile;

import dev.detr4j.profile.StepTiming;
import dev.detr4j.tensor.Shape;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Help.Ansi;

/** A profile as tables for people. */
public final class ProfileText {
  private final PrintWriter out;
  private final Ansi colours;
  private double total;

  /** Prints to {@code out}, which stays open. */
  public ProfileText(PrintWriter out, Ansi colours) {
    this.out = out;
    this.colours = colours;
  }

  /**
   * Prints everything.
   *
   * @param top at most so many single steps, the slowest first
   */
  public void print(Profile profile, int top) {
    total = profile.all().seconds();
    circumstances(profile);
    List<ProfileRow> stages = profile.stageRows();
    List<ProfileRow> operations = profile.operationRows();
    List<StepTiming> slowest = profile.bySlowness();
    List<StepTiming> shown = slowest.subList(0, Math.min(top, slowest.size()));
    int width =
        Stream.concat(stages.stream().map(ProfileRow::name), shown.stream().map(StepTiming::label))
            .mapToInt(String::length)
            .reduce(22, Math::max);

    header("stage", width, "steps");
    stages.forEach(row ->
        out.println(line(row, width, Integer.toString(row.steps()), profile).stripTrailing()));
    ProfileRow all = profile.all();
    out.println(line(all, width, Integer.toString(all.steps()), profile).stripTrailing());
    out.println(
        String.format(
            Locale.ROOT,
            "%-" + width + "s  %6s %10.2f  includes copying the image and selecting detections",
            "whole call",
            "",
            1e3 * profile.callSeconds()));

    header("operation", width, "steps");
    operations.forEach(row ->
        out.println(line(row, width, Integer.toString(row.steps()), profile).stripTrailing()));

    if (!shown.isEmpty()) {
      header(shown.size() == slowest.size() ? "step" : "step, slowest first", width, "");
      for (StepTiming step : shown) {
        ProfileRow row = profile.row(step);
        out.println(line(row, width, "", profile) + "  " + description(step));
      }
      if (shown.size() < slowest.size()) {
        double rest = total;
        for (StepTiming step : shown) {
          rest -= profile.row(step).seconds();
        }
        out.println(
            String.format(
                Locale.ROOT,
                "%d more steps take %.2f ms together; --top %d shows them all",
                slowest.size() - shown.size(),
                Math.max(0, 1e3 * rest),
                slowest.size()));
      }
    }
    out.flush();
  }

  private void circumstances(Profile profile) {
    out.println(
        String.format(
            Locale.ROOT,
            "%s; image %d x %d, network input %s",
            profile.model(),
            profile.imageWidth(),
            profile.imageHeight(),
            profile.networkInput()));
    out.println(
        "%s, %s on %s"
            .formatted(
                profile.backend().kind().id(),
                profile.backend().instructionSet(),
                profile.backend().device()));
    out.println(
        String.format(
            Locale.ROOT,
            "%d rounds, medians; warm-up: %s",
            profile.rounds(),
            profile.warmUp().toString()));
    if (profile.counted() != null) {
      out.println(profile.counted().toString());
    }
    String busy = OtherProcesses.line(profile.others());
    if (busy != null) {
      out.println(colours.string("@|bold " + busy + "|@"));
    }
    if (profile.peaks() != null) {
      out.println(
          String.format(
              Locale.ROOT,
              "peaks in this run: %.1f GFLOP/s, %.1f GB/s (%s)",
              profile.peaks().flops() / 1e9,
              profile.peaks().bytes() / 1e9,
              profile.peaks().loops()));
      out.println(
          "of peak: the least time at these peaks (arithmetic or memory) divided by the measured time. FLOPs count direct"
              + " products and bytes count each tensor once, so Winograd and caches can exceed 100 %");
    }
  }

  private void header(String what, int width, String count) {
    out.println();
    String titles =
        String.format(
            Locale.ROOT,
            "%-" + width + "s  %6s %10s %7s %9s %9s %8s %9s  %-10s",
            what,
            count,
            "time ms",
            "share",
            "GFLOP",
            "GFLOP/s",
            "GB/s",
            "of peak",
            "bound by");
    out.println(colours.string("@|bold " + titles.stripTrailing() + "|@"));
  }

  private String line(ProfileRow row, int width, String count, Profile profile) {
    String text =
        String.format(
            Locale.ROOT,
            "%-" + width + "s  %6s %10.2f %5.1f %% %9.3f %9.1f %8.1f",
            row.name(),
            count,
            1e3 * row.seconds(),
            100 * row.seconds() / total,
            row.cost().flops() / 1e9,
            row.flopsPerSecond() / 1e9,
            row.bytesPerSecond() / 1e9);
    return profile.peaks() == null
        ? text + String.format(Locale.ROOT, " %9s  %-10s", "-", "-")
        : text
            + String.format(
                Locale.ROOT,
                " %7.0f %%  %-10s",
                100 * row.ofPeak(),
                row.boundByMemory() ? "memory" : "arithmetic");
  }

  private static String description(StepTiming step) {
    return Profile.kind(step)
        + " "
        + shape(step.inputs().getFirst())
        + " to "
        + step.outputs().stream().map(ProfileText::shape).collect(Collectors.joining(", "));
  }

  private static String shape(Shape shape) {
    StringBuilder text = new StringBuilder();
    for (int extent : shape.toArray()) {
      text.append(text.isEmpty() ? "" : "x").append(extent);
    }
    return text.toString();
  }
}
