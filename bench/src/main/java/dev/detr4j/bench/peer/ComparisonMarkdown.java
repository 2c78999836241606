package dev.detr4j.bench.peer;

import dev.detr4j.bench.peer.ComparisonReport.Group;
import dev.detr4j.bench.peer.ComparisonReport.Row;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** A comparison as text. Stateless. */
final class ComparisonMarkdown {
  private ComparisonMarkdown() {}

  /**
   * The whole report.
   *
   * @param picture the file name of the chart beside it
   */
  static String of(ComparisonReport report, String picture) {
    StringBuilder text = new StringBuilder();
    text.append("# %s, 1x3x%dx%d\n\n".formatted(report.model(), report.height(), report.width()))
        .append("- machine: %s\n".formatted(report.place().machine()))
        .append("- JDK: %s\n".formatted(report.place().java()))
        .append("- commit: %s\n".formatted(report.place().commit()))
        .append(
            "- taken: %s\n"
                .formatted(
                    report
                        .taken()
                        .format(
                            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm 'UTC'", Locale.ROOT))))
        .append("- %s\n".formatted(report.method()))
        .append("- timed: normalised pixels in memory to logits and boxes in memory\n")
        .append("- spread: from the shortest to the longest, in per cent of the median\n")
        .append("\n![chart](%s)\n".formatted(picture));
    for (Group group : report.groups()) {
      text.append("\n## %s\n\n".formatted(group.title())).append(table(group));
      text.append(
          "\nload averages %s before, %s after\n".formatted(group.loadBefore(), group.loadAfter()));
    }
    return text.toString();
  }

  private static String table(Group group) {
    StringBuilder head = new StringBuilder("| | median s | min s | max s | spread |");
    StringBuilder line = new StringBuilder("|---|---|---|---|---|");
    for (Row peer : group.peers()) {
      head.append(" %s / this |".formatted(title(peer)));
      line.append("---|");
    }
    head.append(
        " CPU s (median) | largest difference from %s |\n"
            .formatted(group.rows().getFirst().name()));
    line.append("---|---|\n");
    StringBuilder table = head.append(line);
    for (Row row : group.rows()) {
      Timings.Series wall = row.timings().wall();
      table.append(
          String.format(
              Locale.ROOT,
              "| %s | %.3f | %.3f | %.3f | %.0f %% |",
              row.name(),
              wall.median(),
              wall.min(),
              wall.max(),
              100 * wall.spread()));
      for (Row peer : group.peers()) {
        table.append(String.format(Locale.ROOT, " %.2f |", peer.median() / row.median()));
      }
      table.append(
          String.format(
              Locale.ROOT,
              " %.3f | %s |\n",
              row.timings().cpu().median(),
              row.difference() == null ? "" : row.difference()));
    }
    return table.toString();
  }

  private static String title(Row row) {
    return row.peer() == null ? row.name() : row.peer().title();
  }
}
