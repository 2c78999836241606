package dev.detr4j.train.engine;

import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A tensor of a checkpoint while it is trained. Its values lie in off-heap memory of the session
 * once it learns; until then, and if it is frozen, they are those of the checkpoint.
 */
public final class Parameter implements Weight {
  private final Weight start;
  private final Set<String> canonicalNames = new LinkedHashSet<>();
  private MemorySegment values = MemorySegment.NULL;

  public Parameter(Weight start) {
    this.start = start;
  }

  /** The tensor of the checkpoint. */
  Weight start() {
    return start;
  }

  void alsoCalled(String canonicalName) {
    canonicalNames.add(canonicalName);
  }

  /** Moves the values to memory where they can change. */
  void learn(MemorySegment memory) {
    start.read(memory);
    values = memory;
  }

  /** The values, row-major fp32; those of a frozen parameter are in its checkpoint. */
  public MemorySegment values() {
    if (!changes()) {
      throw new IllegalStateException(name() + " does not learn");
    }
    return values;
  }

  /** The name in its checkpoint. */
  @Override
  public String name() {
    return start.name();
  }

  /**
   * What the model calls it, as in {@code backbone.layer1.0.conv1.weight}; several where it is
   * tied.
   */
  public Set<String> canonicalNames() {
    return Set.copyOf(canonicalNames);
  }

  @Override
  public Shape shape() {
    return start.shape();
  }

  @Override
  public void read(MemorySegment destination) {
    if (changes()) {
      MemorySegment.copy(values, 0, destination, 0, values.byteSize());
    } else {
      start.read(destination);
    }
  }

  @Override
  public @Nullable MemorySegment inMemory() {
    return changes() ? values : null;
  }

  /** Whether it learns. */
  @Override
  public boolean changes() {
    return values.byteSize() > 0;
  }

  @Override
  public String toString() {
    return name() + " " + shape();
  }
}
