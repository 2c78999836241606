package dev.detr4j.cli;

import java.io.IOException;
import java.io.Writer;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Help.Ansi;

/** For people: a line for each image, then its detections in columns, coordinates in pixels. */
final class TextDetections implements DetectionWriter {
  private static final String BOLD = "1";
  private static final String FAINT = "2";
  private static final String CYAN = "36";

  private final Writer out;
  private final Ansi colours;

  TextDetections(Writer out, Ansi colours) {
    this.out = out;
    this.colours = colours;
  }

  @Override
  public void write(ImageInputs.Input image, int width, int height, List<Found> found)
      throws IOException {
    String count =
        switch (found.size()) {
          case 0 -> styled(FAINT, "nothing found");
          case 1 -> "1 detection";
          default -> String.format(Locale.ROOT, "%d detections", found.size());
        };
    out.write(
        String.format(
            Locale.ROOT,
            "%s  %dx%d  %s%n",
            styled(BOLD, Terminal.printable(image.name())),
            width,
            height,
            count));
    if (!found.isEmpty()) {
      int column = "label".length();
      for (Found each : found) {
        column = Math.max(column, Terminal.printable(each.label()).length());
      }
      String label = "  %-" + column + "s";
      String numbers = "  %5s  %8s %8s %8s %8s";
      String titles =
          label.formatted("label") + numbers.formatted("score", "x min", "y min", "x max", "y max");
      out.write(styled(FAINT, titles) + System.lineSeparator());
      for (Found each : found) {
        String name = label.formatted(Terminal.printable(each.label()));
        String values =
            numbers.formatted(
                score(each.score()),
                pixels(each.xMin()),
                pixels(each.yMin()),
                pixels(each.xMax()),
                pixels(each.yMax()));
        out.write(styled(CYAN, name) + values + System.lineSeparator());
      }
    }
    out.flush();
  }

  /** Text from outside may hold picocli's markup, so it never goes through its parser. */
  private String styled(String code, String text) {
    return colours == Ansi.ON ? "\033[" + code + "m" + text + "\033[0m" : text;
  }

  private static String score(float value) {
    return String.format(Locale.ROOT, "%.3f", value);
  }

  private static String pixels(float value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }

  @Override
  public void end() throws IOException {
    out.flush();
  }
}
