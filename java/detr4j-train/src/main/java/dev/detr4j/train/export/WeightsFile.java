package dev.detr4j.train.export;

import dev.detr4j.checkpoint.SafetensorsWriter;
import dev.detr4j.checkpoint.StoredType;
import dev.detr4j.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Writes tensors of fp32 as a safetensors file. Stateless. */
public final class WeightsFile {
  private static final ValueLayout.OfFloat STORED =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private WeightsFile() {}

  /**
   * Writes a new file and waits until it is on the disk.
   *
   * @throws IOException when it is there already or cannot be written
   */
  public static void write(Path file, List<NamedWeight> weights) throws IOException {
    List<SafetensorsWriter.Entry> entries = new ArrayList<>(weights.size());
    weights.forEach(weight -> entries.add(new Entry(weight)));
    SafetensorsWriter.write(file, entries);
  }

  private record Entry(NamedWeight weight) implements SafetensorsWriter.Entry {
    @Override
    public String name() {
      return weight.name();
    }

    @Override
    public Shape shape() {
      return weight.shape();
    }

    @Override
    public StoredType type() {
      return StoredType.F32;
    }

    @Override
    public MemorySegment bytes(Arena arena) {
      MemorySegment values = weight.values();
      if (ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN && values.isNative()) {
        return values;
      }
      MemorySegment stored = arena.allocate(values.byteSize(), 64);
      long count = weight.shape().elements();
      MemorySegment.copy(values, ValueLayout.JAVA_FLOAT_UNALIGNED, 0, stored, STORED, 0, count);
      return stored;
    }
  }
}
