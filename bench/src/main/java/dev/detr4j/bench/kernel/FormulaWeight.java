package dev.detr4j.bench.kernel;

import dev.detr4j.parity.SeededTensor;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.lang.foreign.MemorySegment;

/** A weight by formula: evenly spread between {@code -scale} and {@code scale} around the base. */
record FormulaWeight(String name, Shape shape, double base, double scale) implements Weight {
  /** Between -1 and 1. */
  static FormulaWeight of(String name, int... extents) {
    return new FormulaWeight(name, Shape.of(extents), 0, 1);
  }

  @Override
  public void read(MemorySegment destination) {
    new SeededTensor(name, KernelInput.SEED, base, scale).fill(destination, 0, shape.elements());
  }
}
