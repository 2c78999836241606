package dev.detr4j.cli;

import dev.detr4j.Detections;
import java.io.IOException;
import java.io.Writer;
import java.util.Locale;

/** For people: a line for each image, then its detections in columns, coordinates in pixels. */
final class TextDetections implements DetectionWriter {
  private final Writer out;

  TextDetections(Writer out) {
    this.out = out;
  }

  @Override
  public void write(String image, int width, int height, Detections found) throws IOException {
    out.write(
        "%s  %dx%d  %s%n"
            .formatted(
                Terminal.printable(image),
                width,
                height,
                switch (found.size()) {
                  case 0 -> "nothing found";
                  case 1 -> "1 detection";
                  default -> found.size() + " detections";
                }));
    if (found.size() > 0) {
      int column = "label".length();
      for (int i = 0; i < found.size(); i++) {
        column = Math.max(column, Terminal.printable(found.label(i)).length());
      }
      String format = "  %-" + column + "s  %5s  %8s %8s %8s %8s%n";
      out.write(format.formatted("label", "score", "x min", "y min", "x max", "y max"));
      for (int i = 0; i < found.size(); i++) {
        out.write(
            format.formatted(
                Terminal.printable(found.label(i)),
                number("%.3f", found.score(i)),
                number("%.1f", found.xMin(i)),
                number("%.1f", found.yMin(i)),
                number("%.1f", found.xMax(i)),
                number("%.1f", found.yMax(i))));
      }
    }
    out.flush();
  }

  private static String number(String format, float value) {
    return String.format(Locale.ROOT, format, value);
  }

  @Override
  public void end() throws IOException {
    out.flush();
  }
}
