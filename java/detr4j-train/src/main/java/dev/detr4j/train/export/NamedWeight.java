package dev.detr4j.train.export;

import dev.detr4j.tensor.Shape;
import java.lang.foreign.MemorySegment;

/**
 * A tensor to write, with the name that it has in files.
 *
 * @param values fp32 in native byte order, row-major
 */
public record NamedWeight(String name, Shape shape, MemorySegment values) {
  /** Checks the size. */
  public NamedWeight {
    if (values.byteSize() != 4 * shape.elements()) {
      throw new IllegalArgumentException(
          "%s has %d bytes, its shape %s says %d"
              .formatted(name, values.byteSize(), shape, 4 * shape.elements()));
    }
  }
}
