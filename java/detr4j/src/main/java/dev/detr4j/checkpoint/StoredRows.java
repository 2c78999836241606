package dev.detr4j.checkpoint;

import dev.detr4j.model.names.TensorNames;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A block of the rows of a stored weight. */
record StoredRows(Weight tensor, TensorNames.RowBlock block, Shape shape) implements Weight {
  @Override
  public String name() {
    return "rows " + (block.index() + 1) + "/" + block.of() + " of " + tensor.name();
  }

  @Override
  public void read(MemorySegment destination) {
    long bytes = 4 * shape.elements();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment all = arena.allocate(bytes * block.of(), 64);
      tensor.read(all);
      MemorySegment.copy(all, bytes * block.index(), destination, 0, bytes);
    }
  }
}
