package dev.detr4j.cli;

import java.io.IOException;
import java.io.Writer;
import java.util.List;

/**
 * A header and one line for each detection, as RFC 4180 has it but with plain line feeds. Numbers
 * are the shortest decimals that give back the same fp32 value. An image without detections has no
 * line.
 */
final class CsvDetections implements DetectionWriter {
  private final Writer out;

  CsvDetections(Writer out) throws IOException {
    this.out = out;
    out.write("image,width,height,label,label_id,score,x_min,y_min,x_max,y_max\n");
  }

  @Override
  public void write(ImageInputs.Input image, int width, int height, List<Found> found)
      throws IOException {
    for (Found each : found) {
      out.write(
          String.join(
              ",",
              quoted(image.name()),
              Integer.toString(width),
              Integer.toString(height),
              quoted(each.label()),
              Integer.toString(each.labelId()),
              Float.toString(each.score()),
              Float.toString(each.xMin()),
              Float.toString(each.yMin()),
              Float.toString(each.xMax()),
              Float.toString(each.yMax())));
      out.write('\n');
    }
    out.flush();
  }

  private static String quoted(String text) {
    boolean special = text.chars().anyMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
    return special ? '"' + text.replace("\"", "\"\"") + '"' : text;
  }

  @Override
  public void end() throws IOException {
    out.flush();
  }
}
