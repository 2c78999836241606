package dev.detr4j.model.graph;

import dev.detr4j.tensor.Weight;
import java.lang.foreign.MemorySegment;

/**
 * A weight that serves as a value, as the embeddings of object queries do: {@code [rows, columns]}
 * becomes {@code [count, rows, columns]}, the same for each batch item.
 */
public record RepeatedWeight(Weight weight, int count) implements HostData {
  @Override
  public void write(MemorySegment destination) {
    long bytes = Float.BYTES * weight.shape().elements();
    weight.read(destination.asSlice(0, bytes));
    for (int n = 1; n < count; n++) {
      MemorySegment.copy(destination, 0, destination, n * bytes, bytes);
    }
  }
}
