package dev.detr4j.parity;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.detr4j.checkpoint.StoredTensor;
import dev.detr4j.checkpoint.StoredType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * Writes a {@link FormulaCheckpoint} as a real safetensors file, for tests of the whole way from a
 * model folder, and for full-size files to measure with.
 *
 * <p>The file appears under its name only when it is complete. Not thread-safe per target.
 */
public final class FormulaCheckpointWriter {
  private static final JsonFactory JSON = new JsonFactory();
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
    List<StoredTensor> tensors = checkpoint.names().stream().map(checkpoint::tensor).toList();
    WholeFile.write(
        target,
        channel -> {
          WholeFile.fully(channel, header(tensors, floats));
          for (StoredTensor tensor : tensors) {
            WholeFile.fully(channel, stored(tensor, floats).asByteBuffer());
          }
        });
  }

  private static ByteBuffer header(List<StoredTensor> tensors, StoredType floats)
      throws IOException {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    try (JsonGenerator json = JSON.createGenerator(text)) {
      json.writeStartObject();
      json.writeObjectFieldStart("__metadata__");
      json.writeStringField("format", "pt");
      json.writeEndObject();
      long offset = 0;
      for (StoredTensor tensor : tensors) {
        StoredType type = type(tensor, floats);
        long end = offset + tensor.shape().elements() * type.bytes();
        json.writeObjectFieldStart(tensor.name());
        json.writeStringField("dtype", type.name());
        json.writeFieldName("shape");
        int[] extents = tensor.shape().toArray();
        json.writeArray(extents, 0, extents.length);
        json.writeFieldName("data_offsets");
        json.writeArray(new long[] {offset, end}, 0, 2);
        json.writeEndObject();
        offset = end;
      }
      json.writeEndObject();
    }
    // The format's own writer pads the header with spaces, so that the data is aligned.
    byte[] padding = " ".repeat((8 - text.size() % 8) % 8).getBytes(StandardCharsets.US_ASCII);
    text.write(padding);
    ByteBuffer header = ByteBuffer.allocate(8 + text.size()).order(ByteOrder.LITTLE_ENDIAN);
    return header.putLong(text.size()).put(text.toByteArray()).flip();
  }

  private static StoredType type(StoredTensor tensor, StoredType floats) {
    return tensor.storedType() == StoredType.F32 ? floats : tensor.storedType();
  }

  private static MemorySegment stored(StoredTensor tensor, StoredType floats) {
    MemorySegment bytes = tensor.bytes();
    StoredType type = type(tensor, floats);
    if (type == tensor.storedType()) {
      return bytes;
    }
    long count = tensor.shape().elements();
    MemorySegment narrowed = Arena.ofAuto().allocate(2 * count, 64);
    for (long i = 0; i < count; i++) {
      float value = bytes.get(FLOAT, 4 * i);
      narrowed.set(
          SHORT, 2 * i, type == StoredType.F16 ? Float.floatToFloat16(value) : brain(value));
    }
    return narrowed;
  }

  /** The nearest bf16, ties to even; formula values are finite. */
  private static short brain(float value) {
    int bits = Float.floatToRawIntBits(value);
    return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  }
}
