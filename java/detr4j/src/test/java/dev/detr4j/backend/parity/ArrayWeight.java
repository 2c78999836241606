package dev.detr4j.backend.parity;

import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A weight whose values are in an array. */
record ArrayWeight(String name, Shape shape, float[] values) implements Weight {
  @Override
  public void read(MemorySegment destination) {
    MemorySegment.copy(values, 0, destination, ValueLayout.JAVA_FLOAT, 0, values.length);
  }
}
