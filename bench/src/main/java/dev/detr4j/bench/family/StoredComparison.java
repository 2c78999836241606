package dev.detr4j.bench.family;

import dev.detr4j.bench.peer.ComparisonException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A table that {@code detr4j bench compare} wrote: its group of most threads.
 *
 * @param file where it stands
 * @param height rows of the input
 * @param width columns of the input
 * @param machine the processor
 * @param time of day when it was taken, UTC
 * @param threads of the group
 * @param rows the contenders, in the order of the table
 */
record StoredComparison(
    Path file,
    int height,
    int width,
    String machine,
    String time,
    int threads,
    Map<String, Row> rows) {
  private static final String RATIO = "ONNX Runtime / this";
  private static final Pattern TITLE = Pattern.compile("# .+, 1x3x(\\d+)x(\\d+)");
  private static final Pattern MACHINE = Pattern.compile("- machine: (.+)");
  private static final Pattern TAKEN = Pattern.compile("- taken: \\S+ (\\S+) UTC");
  private static final Pattern GROUP = Pattern.compile("## (\\d+) threads?");

  /**
   * A contender.
   *
   * @param seconds the median
   * @param ratio how many times as long ONNX Runtime takes, as the table has it
   */
  record Row(double seconds, String ratio) {}

  /**
   * Reads a table.
   *
   * @throws ComparisonException when the file cannot be read or is none
   */
  static StoredComparison read(Path file) {
    String machine = "";
    String time = "";
    int height = 0;
    int width = 0;
    int threads = 0;
    int ratio = -1;
    Map<String, Row> rows = new LinkedHashMap<>();
    for (String line : lines(file)) {
      Matcher title = TITLE.matcher(line);
      Matcher place = MACHINE.matcher(line);
      Matcher taken = TAKEN.matcher(line);
      Matcher group = GROUP.matcher(line);
      if (title.matches()) {
        height = Integer.parseInt(title.group(1));
        width = Integer.parseInt(title.group(2));
      } else if (place.matches()) {
        machine = place.group(1);
      } else if (taken.matches()) {
        time = taken.group(1);
      } else if (group.matches()) {
        int ofGroup = Integer.parseInt(group.group(1));
        if (ofGroup < threads) {
          break;
        }
        threads = ofGroup;
        rows.clear();
      } else if (line.startsWith("| ")) {
        List<String> cells = Arrays.stream(line.split("\\|", -1)).map(String::strip).toList();
        ratio = cells.contains(RATIO) ? cells.indexOf(RATIO) : ratio;
        if (ratio > 0 && cells.size() > ratio && cells.get(2).matches("\\d+\\.\\d+")) {
          rows.put(cells.get(1), new Row(Double.parseDouble(cells.get(2)), cells.get(ratio)));
        }
      }
    }
    if (height == 0 || rows.isEmpty()) {
      throw new ComparisonException(
          "%s: a table of `detr4j bench compare` with the peer onnxruntime was expected"
              .formatted(file));
    }
    return new StoredComparison(file, height, width, machine, time, threads, rows);
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (NoSuchFileException e) {
      throw new ComparisonException(file + ": there is no such file", e);
    } catch (IOException e) {
      throw new ComparisonException(file + ": cannot be read as text: " + e.getMessage(), e);
    }
  }

  /**
   * The contender whose name begins so.
   *
   * @throws ComparisonException when there is none
   */
  Row row(String contender) {
    return rows.entrySet().stream()
        .filter(row -> row.getKey().startsWith(contender + " "))
        .map(Map.Entry::getValue)
        .findFirst()
        .orElseThrow(() ->
            new ComparisonException(
                "%s: no time of %s; the table has %s"
                    .formatted(file, contender, String.join(", ", rows.keySet()))));
  }
}
