package dev.detr4j.parity;

import dev.detr4j.checkpoint.SafetensorsWriter;
import dev.detr4j.checkpoint.StoredTensor;
import dev.detr4j.checkpoint.StoredType;
import dev.detr4j.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;

/**
 * Writes a {@link FormulaCheckpoint} as a real safetensors file, for tests of the whole way from a
 * model folder, and for full-size files to measure with.
 *
 * <p>The file appears under its name only when it is complete. Not thread-safe per target.
 */
public final class FormulaCheckpointWriter {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private FormulaCheckpointWriter() {}

  /**
   * Writes all tensors in the order of the checkpoint.
   *
   * @param floats what F32 tensors are stored as: F32, or F16 or BF16, rounded to nearest even
   * @throws IOException when the file cannot be written; nothing is left under {@code target} then
   */
  public static void write(FormulaCheckpoint checkpoint, Path target, StoredType floats)
      throws IOException {
    if (floats != StoredType.F32 && floats != StoredType.F16 && floats != StoredType.BF16) {
      throw new IllegalArgumentException("weights cannot be stored as " + floats);
    }
    List<Narrowed> tensors =
        checkpoint.names().stream()
            .map(name -> new Narrowed(checkpoint.tensor(name), floats))
            .toList();
    WholeFile.write(target, channel -> SafetensorsWriter.write(channel, tensors));
  }

  private record Narrowed(StoredTensor tensor, StoredType floats)
      implements SafetensorsWriter.Entry {
    @Override
    public String name() {
      return tensor.name();
    }

    @Override
    public StoredType type() {
      return tensor.storedType() == StoredType.F32 ? floats : tensor.storedType();
    }

    @Override
    public Shape shape() {
      return tensor.shape();
    }

    @Override
    public MemorySegment bytes(Arena arena) {
      MemorySegment bytes = tensor.bytes();
      if (type() == tensor.storedType()) {
        return bytes;
      }
      long count = tensor.shape().elements();
      MemorySegment narrowed = arena.allocate(2 * count, 64);
      for (long i = 0; i < count; i++) {
        float value = bytes.get(FLOAT, 4 * i);
        narrowed.set(
            SHORT, 2 * i, floats == StoredType.F16 ? Float.floatToFloat16(value) : brain(value));
      }
      return narrowed;
    }
  }

  /** The nearest bf16, ties to even; formula values are finite. */
  private static short brain(float value) {
    int bits = Float.floatToRawIntBits(value);
    return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  }
}
