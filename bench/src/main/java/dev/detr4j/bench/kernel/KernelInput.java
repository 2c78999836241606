package dev.detr4j.bench.kernel;

import dev.detr4j.parity.SeededTensor;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * An input of a case: packed, in native byte order, the same in every language.
 *
 * @param fill writes all elements
 */
record KernelInput(ElementType type, Shape shape, Fill fill) {
  /** The seed of every formula; {@code peers/python/time_kernels.py} has it too. */
  static final long SEED = 11;

  /** Writes the elements of an input to memory of its size. */
  interface Fill {
    void fill(MemorySegment memory);
  }

  /** Fp32 numbers by the formula of {@link SeededTensor}, between -scale and scale. */
  static KernelInput uniform(String key, double scale, int... extents) {
    Shape shape = Shape.of(extents);
    SeededTensor tensor = new SeededTensor(key, SEED, 0, scale);
    return new KernelInput(
        ElementType.F32, shape, memory -> tensor.fill(memory, 0, shape.elements()));
  }

  static KernelInput floats(float[] values, int... extents) {
    return of(ElementType.F32, MemorySegment.ofArray(values), extents);
  }

  static KernelInput integers(int[] values, int... extents) {
    return of(ElementType.I32, MemorySegment.ofArray(values), extents);
  }

  static KernelInput bytes(byte[] values, int... extents) {
    return of(ElementType.U8, MemorySegment.ofArray(values), extents);
  }

  private static KernelInput of(ElementType type, MemorySegment values, int... extents) {
    return new KernelInput(
        type,
        Shape.of(extents),
        memory -> MemorySegment.copy(values, 0, memory, 0, values.byteSize()));
  }

  long byteSize() {
    return shape.elements() * type.bytes();
  }

  /** The elements of an F32 input. */
  float[] toFloats() {
    float[] values = new float[Math.toIntExact(shape.elements())];
    try (var arena = java.lang.foreign.Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(Math.max(4, byteSize()), 64);
      fill.fill(memory);
      MemorySegment.copy(memory, ValueLayout.JAVA_FLOAT, 0, values, 0, values.length);
    }
    return values;
  }
}
