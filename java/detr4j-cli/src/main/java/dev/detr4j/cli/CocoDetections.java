package dev.detr4j.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.io.Writer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * COCO's results format, one detection a line: {@code [{image_id, category_id, bbox: [x, y, width,
 * height], score}]}.
 *
 * <p>{@code category_id} is the label's number. {@code image_id} is the number that the file is
 * called by, as in {@code 000000139.jpg}, if every image is called by another number; else it is
 * the place among the images, from 1, and {@code file_name} says which one that is. A box with a
 * coordinate that is no number is left out: the format has no word for it.
 */
final class CocoDetections implements DetectionWriter {
  private final Writer out;
  private final Map<ImageInputs.Input, Long> ids = new HashMap<>();
  private final boolean numbered;
  private String separator = "\n";

  CocoDetections(Writer out, List<ImageInputs.Input> inputs) throws IOException {
    this.out = out;
    Set<Long> numbers = new HashSet<>();
    numbered = inputs.stream().allMatch(input -> numbers.add(number(input)) && number(input) >= 0);
    for (ImageInputs.Input input : inputs) {
      ids.putIfAbsent(input, numbered ? number(input) : ids.size() + 1L);
    }
    out.write('[');
  }

  /** The number that the file is called by, or -1. */
  private static long number(ImageInputs.Input input) {
    String name = String.valueOf(input.relative().getFileName());
    int dot = name.lastIndexOf('.');
    String stem = dot > 0 ? name.substring(0, dot) : name;
    return stem.matches("[0-9]{1,15}") ? Long.parseLong(stem) : -1;
  }

  @Override
  public void write(ImageInputs.Input image, int width, int height, List<Found> found)
      throws IOException {
    for (Found each : found) {
      if (!Float.isFinite(each.xMin() + each.yMin() + each.xMax() + each.yMax())) {
        continue;
      }
      StringWriter line = new StringWriter();
      try (JsonGenerator json = new JsonFactory().createGenerator(line)) {
        json.writeStartObject();
        json.writeNumberField("image_id", ids.getOrDefault(image, 0L));
        json.writeNumberField("category_id", each.labelId());
        json.writeArrayFieldStart("bbox");
        json.writeNumber(each.xMin());
        json.writeNumber(each.yMin());
        json.writeNumber(Math.max(0, each.xMax() - each.xMin()));
        json.writeNumber(Math.max(0, each.yMax() - each.yMin()));
        json.writeEndArray();
        json.writeNumberField("score", each.score());
        if (!numbered) {
          json.writeStringField("file_name", image.name());
        }
        json.writeEndObject();
      }
      out.write(separator + line);
      separator = ",\n";
    }
    out.flush();
  }

  @Override
  public void end() throws IOException {
    out.write("\n]\n");
    out.flush();
  }
}
