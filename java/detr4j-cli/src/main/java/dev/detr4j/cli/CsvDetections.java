package dev.detr4j.cli;

import dev.detr4j.Detections;
import java.io.IOException;
import java.io.Writer;

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
  public void write(String image, int width, int height, Detections found) throws IOException {
    for (int i = 0; i < found.size(); i++) {
      out.write(
          String.join(
              ",",
              quoted(image),
              Integer.toString(width),
              Integer.toString(height),
              quoted(found.label(i)),
              Integer.toString(found.labelId(i)),
              Float.toString(found.score(i)),
              Float.toString(found.xMin(i)),
              Float.toString(found.yMin(i)),
              Float.toString(found.xMax(i)),
              Float.toString(found.yMax(i))));
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
