package dev.detr4j.checkpoint;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.detr4j.tensor.Shape;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/** Writes safetensors files, with the mark of a PyTorch file that transformers asks for. */
public final class SafetensorsWriter {
  private static final JsonFactory JSON = new JsonFactory();

  /** One tensor to write; its elements are asked for when their turn comes. */
  public interface Entry {
    /** The name in the file. */
    String name();

    /** The type of the elements. */
    StoredType type();

    /** The extents. */
    Shape shape();

    /**
     * The elements, row-major and little-endian.
     *
     * @param arena lives until they are written
     */
    MemorySegment bytes(Arena arena);
  }

  private SafetensorsWriter() {}

  /**
   * Writes a new file, and waits until it is on the disk.
   *
   * @throws IOException when it is there already or cannot be written
   */
  public static void write(Path file, List<? extends Entry> entries) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      write(channel, entries);
      channel.force(true);
    }
  }

  /** Writes to a channel that the caller opened and closes. */
  public static void write(FileChannel channel, List<? extends Entry> entries) throws IOException {
    writeFully(channel, header(entries));
    for (Entry entry : entries) {
      try (Arena arena = Arena.ofConfined()) {
        writeFully(channel, entry.bytes(arena).asByteBuffer());
      }
    }
  }

  private static ByteBuffer header(List<? extends Entry> entries) throws IOException {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    try (JsonGenerator json = JSON.createGenerator(text)) {
      json.writeStartObject();
      json.writeObjectFieldStart("__metadata__");
      json.writeStringField("format", "pt");
      json.writeEndObject();
      long offset = 0;
      for (Entry entry : entries) {
        long end = offset + entry.shape().elements() * entry.type().bytes();
        json.writeObjectFieldStart(entry.name());
        json.writeStringField("dtype", entry.type().name());
        json.writeFieldName("shape");
        int[] extents = entry.shape().toArray();
        json.writeArray(extents, 0, extents.length);
        json.writeFieldName("data_offsets");
        json.writeArray(new long[] {offset, end}, 0, 2);
        json.writeEndObject();
        offset = end;
      }
      json.writeEndObject();
    }
    // Padded with spaces, as the format's own writer does, so that the data is aligned.
    text.write(" ".repeat((8 - text.size() % 8) % 8).getBytes(StandardCharsets.US_ASCII));
    ByteBuffer header = ByteBuffer.allocate(8 + text.size()).order(ByteOrder.LITTLE_ENDIAN);
    return header.putLong(text.size()).put(text.toByteArray()).flip();
  }

  private static void writeFully(FileChannel channel, ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }
}
