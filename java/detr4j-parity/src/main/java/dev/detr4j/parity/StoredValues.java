package dev.detr4j.parity;

import dev.detr4j.checkpoint.SafetensorsFile;
import dev.detr4j.checkpoint.StoredTensor;
import dev.detr4j.checkpoint.StoredType;
import dev.detr4j.error.CheckpointException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Tensors of a stored file as Java arrays, whatever type they are stored in. */
final class StoredValues {
  private static final ByteOrder LITTLE = ByteOrder.LITTLE_ENDIAN;
  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(LITTLE);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(LITTLE);
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(LITTLE);
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(LITTLE);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(LITTLE);

  private StoredValues() {}

  /** All elements, row-major. */
  static double[] doubles(SafetensorsFile file, String name) {
    StoredTensor tensor = file.tensor(name);
    MemorySegment bytes = tensor.bytes();
    int count = Math.toIntExact(tensor.shape().elements());
    double[] values = new double[count];
    for (int i = 0; i < count; i++) {
      values[i] =
          switch (tensor.storedType()) {
            case F64 -> bytes.get(DOUBLE, 8L * i);
            case F32 -> bytes.get(FLOAT, 4L * i);
            case U8, BOOL -> Byte.toUnsignedInt(bytes.get(ValueLayout.JAVA_BYTE, i));
            case I16 -> bytes.get(SHORT, 2L * i);
            case I32 -> bytes.get(INT, 4L * i);
            case I64 -> bytes.get(LONG, 8L * i);
            default -> throw unexpected(tensor, "F64, F32, U8, BOOL, I16, I32 or I64");
          };
    }
    return values;
  }

  /** All elements of an F32 tensor. */
  static float[] floats(SafetensorsFile file, String name) {
    StoredTensor tensor = file.tensor(name);
    if (tensor.storedType() != StoredType.F32) {
      throw unexpected(tensor, "F32");
    }
    float[] values = new float[Math.toIntExact(tensor.shape().elements())];
    MemorySegment.copy(tensor.bytes(), FLOAT, 0, values, 0, values.length);
    return values;
  }

  /** All elements of an integer tensor. */
  static int[] integers(SafetensorsFile file, String name) {
    double[] wide = doubles(file, name);
    int[] values = new int[wide.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = (int) wide[i];
    }
    return values;
  }

  private static CheckpointException unexpected(StoredTensor tensor, String expected) {
    return new CheckpointException(
        "checkpoint %s: tensor %s holds %s elements, expected %s"
            .formatted(tensor.container(), tensor.name(), tensor.storedType(), expected));
  }
}
