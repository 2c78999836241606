package dev.detr4j.bench.family;

import dev.detr4j.bench.peer.ComparisonException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A table that {@code detr4j bench compare} wrote: the medians of its group of most threads.
 *
 * @param file where it stands
 * @param model the name of the model's folder
 * @param height rows of the input
 * @param width columns of the input
 * @param machine the processor
 * @param threads of the group
 * @param seconds the median of each contender, in the order of the table
 */
record StoredComparison(
    Path file,
    String model,
    int height,
    int width,
    String machine,
    int threads,
    Map<String, Double> seconds) {
  private static final Pattern TITLE = Pattern.compile("# (.+), 1x3x(\\d+)x(\\d+)");
  private static final Pattern MACHINE = Pattern.compile("- machine: (.+)");
  private static final Pattern GROUP = Pattern.compile("## (\\d+) threads?");
  private static final Pattern ROW = Pattern.compile("\\| ([^|]+) \\| (\\d+\\.\\d+) \\|.*");

  /**
   * Reads a table.
   *
   * @throws ComparisonException when the file is none
   */
  static StoredComparison read(Path file) throws IOException {
    String model = "";
    String machine = "";
    int height = 0;
    int width = 0;
    int threads = 0;
    Map<String, Double> seconds = new LinkedHashMap<>();
    for (String line : Files.readAllLines(file)) {
      Matcher title = TITLE.matcher(line);
      Matcher place = MACHINE.matcher(line);
      Matcher group = GROUP.matcher(line);
      Matcher row = ROW.matcher(line);
      if (title.matches()) {
        model = title.group(1);
        height = Integer.parseInt(title.group(2));
        width = Integer.parseInt(title.group(3));
      } else if (place.matches()) {
        machine = place.group(1);
      } else if (group.matches()) {
        int ofGroup = Integer.parseInt(group.group(1));
        if (ofGroup < threads) {
          break;
        }
        threads = ofGroup;
        seconds.clear();
      } else if (row.matches()) {
        seconds.put(row.group(1).strip(), Double.valueOf(row.group(2)));
      }
    }
    if (model.isEmpty() || seconds.isEmpty()) {
      throw new ComparisonException(
          "%s: a table of `detr4j bench compare` was expected, with a title and times of contenders"
              .formatted(file));
    }
    return new StoredComparison(file, model, height, width, machine, threads, seconds);
  }

  /**
   * The median of the contender whose name begins so.
   *
   * @throws ComparisonException when there is none
   */
  double seconds(String contender) {
    return seconds.entrySet().stream()
        .filter(row -> row.getKey().startsWith(contender + " "))
        .map(Map.Entry::getValue)
        .findFirst()
        .orElseThrow(() ->
            new ComparisonException(
                "%s: no time of %s; the table has %s"
                    .formatted(file, contender, String.join(", ", seconds.keySet()))));
  }
}
