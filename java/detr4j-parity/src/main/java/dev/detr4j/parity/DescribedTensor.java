package dev.detr4j.parity;

import dev.detr4j.json.JsonObject;
import dev.detr4j.tensor.Shape;
import java.util.List;

/**
 * A tensor as the cases of a training set describe it: by formula, perhaps rounded to a {@code
 * quantum} and with {@code relu}, or by {@code values} that stand in the description.
 */
final class DescribedTensor {
  /** No tensor of a case is greater; a description is not believed. */
  private static final int MOST = 1 << 26;

  private DescribedTensor() {}

  static Shape shape(JsonObject tensor) {
    Shape shape =
        Shape.of(tensor.integers("shape", 0, MOST).stream().mapToInt(Integer::intValue).toArray());
    if (shape.elements() > MOST) {
      throw tensor.wrong("shape is " + shape + ", expected at most " + MOST + " elements");
    }
    return shape;
  }

  /** All elements, row-major. */
  static float[] values(JsonObject tensor, long seed) {
    float[] values = new float[Math.toIntExact(shape(tensor).elements())];
    if (tensor.has("values")) {
      int count = flatten(tensor.value("values").orElseThrow(), values, 0, tensor);
      if (count != values.length) {
        throw tensor.wrong("values holds %d numbers, expected %d".formatted(count, values.length));
      }
      return values;
    }
    SeededTensor formula =
        new SeededTensor(tensor.string("key"), seed, tensor.number("base"), tensor.number("scale"));
    double quantum = tensor.number("quantum", 0);
    boolean relu = tensor.bool("relu", false);
    for (int i = 0; i < values.length; i++) {
      float value = formula.at(i);
      if (quantum > 0) {
        value = (float) (Math.rint(value / quantum) * quantum);
      }
      values[i] = relu ? Math.max(value, 0) : value;
    }
    return values;
  }

  private static int flatten(Object value, float[] to, int at, JsonObject tensor) {
    if (value instanceof List<?> list) {
      int next = at;
      for (Object each : list) {
        next = flatten(each, to, next, tensor);
      }
      return next;
    }
    if (!(value instanceof Number number)) {
      throw tensor.wrong("values holds " + value + ", expected numbers");
    }
    if (at < to.length) {
      to[at] = number.floatValue();
    }
    return at + 1;
  }

  /** Boxes, given as such or as centres and sizes: (cx, cy, w, h) of each. */
  static float[] boxes(JsonObject inputs, String prefix, long seed) {
    if (inputs.has(prefix + "boxes")) {
      return values(inputs.object(prefix + "boxes"), seed);
    }
    float[] centres = values(inputs.object(prefix + "centre"), seed);
    float[] sizes = values(inputs.object(prefix + "size"), seed);
    if (centres.length != sizes.length) {
      throw inputs.wrong(
          "%d centres and %d sizes, expected equally many"
              .formatted(centres.length / 2, sizes.length / 2));
    }
    float[] boxes = new float[2 * centres.length];
    for (int i = 0; i < centres.length / 2; i++) {
      boxes[4 * i] = centres[2 * i];
      boxes[4 * i + 1] = centres[2 * i + 1];
      boxes[4 * i + 2] = sizes[2 * i];
      boxes[4 * i + 3] = sizes[2 * i + 1];
    }
    return boxes;
  }
}
