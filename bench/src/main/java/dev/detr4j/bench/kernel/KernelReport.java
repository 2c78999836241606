package dev.detr4j.bench.kernel;

import dev.detr4j.bench.peer.Timings;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Results as Markdown: the targets first, then every case. */
final class KernelReport {
  private final List<String> backends;
  private final List<KernelResult> results;

  /**
   * A report.
   *
   * @param backends ids, in the order of the columns
   */
  KernelReport(List<String> backends, List<KernelResult> results) {
    this.backends = List.copyOf(backends);
    this.results = List.copyOf(results);
  }

  /** The measured values beside what is asked; targets that were not measured are left out. */
  String targets() {
    StringBuilder table =
        new StringBuilder(
            """
            | target | work | threads | backend | asked | measured | | spread of ours, of the peer |
            |---|---|---|---|---|---|---|---|
            """);
    for (Target target : Target.values()) {
      for (int threads : threads(target)) {
        List<KernelResult> cases =
            results.stream()
                .filter(r -> r.target() == target && r.threads() == threads && r.judged())
                .toList();
        for (String backend : backends) {
          if (target == Target.CONVOLUTIONS) {
            table.append(convolutions(cases, threads, backend));
            continue;
          }
          for (KernelResult result : cases) {
            double asked = target.asked(backend);
            double ratio = result.ratio(backend);
            table.append(
                row(target, result.work(), threads, backend, asked, ratio, List.of(result)));
          }
        }
      }
    }
    return table.toString();
  }

  private static String convolutions(List<KernelResult> cases, int threads, String backend) {
    double asked = Target.CONVOLUTIONS.asked(backend);
    double mean = geometricMean(cases, backend);
    String distinct = cases.size() + " convolutions";
    String row =
        row(
            Target.CONVOLUTIONS,
            distinct + ", geometric mean",
            threads,
            backend,
            asked,
            mean,
            cases);
    if (Double.isNaN(mean)) {
      return row;
    }
    KernelResult worst = cases.getFirst();
    for (KernelResult result : cases) {
      worst = result.ratio(backend) < worst.ratio(backend) ? result : worst;
    }
    return row
        + row(
            Target.CONVOLUTIONS,
            distinct + ", worst: " + worst.work(),
            threads,
            backend,
            backend.equals("c") ? Target.WORST_CONVOLUTION : 0,
            worst.ratio(backend),
            List.of(worst));
  }

  /** Of the ratios of all cases; NaN if one is. */
  static double geometricMean(List<KernelResult> cases, String backend) {
    double logarithms = 0;
    for (KernelResult result : cases) {
      logarithms += Math.log(result.ratio(backend));
    }
    return Math.exp(logarithms / cases.size());
  }

  private static String row(
      Target target,
      String work,
      int threads,
      String backend,
      double asked,
      double measured,
      List<KernelResult> cases) {
    String verdict =
        asked == 0 || Double.isNaN(measured) ? "" : measured >= asked ? "met" : "missed";
    return "| %s | %s | %d | %s | %s | %s | %s | %s |\n"
        .formatted(
            target,
            work,
            threads,
            backend,
            asked == 0 ? "" : ">= " + number(target, asked),
            number(target, measured),
            verdict,
            spreads(backend, cases));
  }

  /** Of several cases the middle one. */
  private static String spreads(String backend, List<KernelResult> cases) {
    List<Double> ours = new ArrayList<>();
    List<Double> theirs = new ArrayList<>();
    for (KernelResult result : cases) {
      ours.add(KernelResult.spread(result.series(backend)));
      Timings.Series peer = result.peer();
      if (peer != null) {
        theirs.add(KernelResult.spread(peer));
      }
    }
    return theirs.isEmpty() ? percent(ours) : percent(ours) + ", " + percent(theirs);
  }

  private static String percent(List<Double> spreads) {
    double middle = spreads.stream().sorted().toList().get(spreads.size() / 2);
    return String.format(Locale.ROOT, "%.0f %%", 100 * middle);
  }

  private static String number(Target target, double ratio) {
    if (Double.isNaN(ratio)) {
      return "no peer";
    }
    return target == Target.LINEAR_LAYERS
        ? String.format(Locale.ROOT, "%.1f %%", 100 * ratio)
        : String.format(Locale.ROOT, "%.2f", ratio);
  }

  /** Every case of a target with one number of threads, or nothing when it was not measured. */
  String cases(Target target, int threads) {
    List<KernelResult> rows =
        results.stream().filter(r -> r.target() == target && r.threads() == threads).toList();
    if (rows.isEmpty()) {
      return "";
    }
    List<String> peers = List.copyOf(rows.getFirst().peers().keySet());
    List<String> heads = new ArrayList<>(List.of(""));
    for (String peer : peers) {
      heads.add(peer + " ms");
    }
    for (String backend : backends) {
      heads.add(backend + " ms");
      heads.add(target == Target.LINEAR_LAYERS ? backend + " GFLOP/s" : "peer / " + backend);
      if (target == Target.LINEAR_LAYERS) {
        heads.add("of the peak");
      }
    }
    StringBuilder table =
        new StringBuilder("### %s: %s\n\n".formatted(target, target.title()))
            .append(line(heads))
            .append("|---".repeat(heads.size()))
            .append("|\n");
    for (KernelResult result : rows) {
      table.append(line(cells(result, peers)));
    }
    return table.append('\n').toString();
  }

  private List<String> cells(KernelResult result, List<String> peers) {
    List<String> cells = new ArrayList<>(List.of(result.work()));
    for (String peer : peers) {
      cells.add(milliseconds(result.peers().get(peer)));
    }
    for (String backend : backends) {
      Timings.Series series = result.series(backend);
      cells.add(milliseconds(series));
      if (result.target() == Target.LINEAR_LAYERS) {
        cells.add(String.format(Locale.ROOT, "%.0f", result.flops() / series.median() / 1e9));
      }
      cells.add(number(result.target(), result.ratio(backend)));
    }
    return cells;
  }

  private static String milliseconds(Timings.@Nullable Series series) {
    return series == null
        ? ""
        : "%s [%s, %s]"
            .formatted(
                milliseconds(series.median()),
                milliseconds(series.min()),
                milliseconds(series.max()));
  }

  private static String milliseconds(double seconds) {
    return String.format(Locale.ROOT, seconds < 1 ? "%.3g" : "%.0f", 1e3 * seconds);
  }

  private static String line(List<String> cells) {
    return "| " + String.join(" | ", cells) + " |\n";
  }

  private List<Integer> threads(Target target) {
    return results.stream()
        .filter(result -> result.target() == target)
        .map(KernelResult::threads)
        .distinct()
        .toList();
  }
}
