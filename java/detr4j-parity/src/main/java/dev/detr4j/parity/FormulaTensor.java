package dev.detr4j.parity;

import dev.detr4j.checkpoint.StoredTensor;
import dev.detr4j.checkpoint.StoredType;
import dev.detr4j.error.CheckpointException;
import dev.detr4j.tensor.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * A tensor of a {@link FormulaCheckpoint}: F32 by formula, or I64 filled with the formula's base.
 */
final class FormulaTensor implements StoredTensor {
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final String container;
  private final String name;
  private final StoredType type;
  private final Shape shape;
  private final SeededTensor formula;

  FormulaTensor(String container, String name, StoredType type, Shape shape, SeededTensor formula) {
    this.container = container;
    this.name = name;
    this.type = type;
    this.shape = shape;
    this.formula = formula;
  }

  SeededTensor formula() {
    return formula;
  }

  @Override
  public String container() {
    return container;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public StoredType storedType() {
    return type;
  }

  @Override
  public Shape shape() {
    return shape;
  }

  @Override
  public void read(MemorySegment destination) {
    if (type != StoredType.F32) {
      throw new CheckpointException(
          "checkpoint %s: tensor %s holds %s elements, expected F32"
              .formatted(container, name, type));
    }
    formula.fill(destination, 0, shape.elements());
  }

  /** Makes the elements anew, in memory of their own. */
  @Override
  public MemorySegment bytes() {
    long count = shape.elements();
    MemorySegment bytes = Arena.ofAuto().allocate(count * type.bytes(), 64);
    if (type == StoredType.F32) {
      formula.fill(bytes, 0, count);
      if (ByteOrder.nativeOrder() != ByteOrder.LITTLE_ENDIAN) {
        MemorySegment.copy(bytes, ValueLayout.JAVA_INT_UNALIGNED, 0, bytes, INT, 0, count);
      }
    } else {
      for (long i = 0; i < count; i++) {
        bytes.set(LONG, 8 * i, (long) formula.base());
      }
    }
    return bytes.asReadOnly();
  }
}
