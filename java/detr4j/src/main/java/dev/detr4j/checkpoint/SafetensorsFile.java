package dev.detr4j.checkpoint;

import dev.detr4j.error.CheckpointException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One safetensors file, memory-mapped: an eight-byte little-endian header length, the JSON header,
 * then the data.
 *
 * <p>The whole header is checked before anything is handed out; values are paged in by the
 * operating system when a tensor is read. Thread-safe. Whoever opens the file closes it, which
 * unmaps it; it must not be shortened while mapped.
 */
public final class SafetensorsFile implements Checkpoint {
  private static final ValueLayout.OfLong LENGTH =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final String container;
  private final MappedFile mapped;
  private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();
  private final Map<String, String> metadata;

  private SafetensorsFile(MappedFile mapped) {
    this.container = mapped.container();
    this.mapped = mapped;
    MemorySegment file = mapped.bytes();
    if (file.byteSize() < LENGTH.byteSize()) {
      throw new CheckpointException(
          "checkpoint %s: the file has %d bytes, a safetensors file begins with 8 bytes of header length"
              .formatted(container, file.byteSize()));
    }
    long length = file.get(LENGTH, 0);
    long rest = file.byteSize() - LENGTH.byteSize();
    if (length < 2 || length > rest || length > SafetensorsHeader.LONGEST) {
      throw new CheckpointException(
          "checkpoint %s: header length %s, expected 2 to %d: truncated, or not a safetensors file"
              .formatted(
                  container,
                  Long.toUnsignedString(length),
                  Math.min(rest, SafetensorsHeader.LONGEST)));
    }
    MemorySegment json = file.asSlice(LENGTH.byteSize(), length);
    MemorySegment data = file.asSlice(LENGTH.byteSize() + length);
    SafetensorsHeader header =
        SafetensorsHeader.parse(container, json.asByteBuffer(), data.byteSize());
    for (SafetensorsHeader.Entry entry : header.entries()) {
      MemorySegment bytes = data.asSlice(entry.begin(), entry.end() - entry.begin());
      tensors.put(
          entry.name(),
          new MappedTensor(container, entry.name(), entry.type(), entry.shape(), bytes));
    }
    this.metadata = Collections.unmodifiableMap(header.metadata());
  }

  /**
   * Maps the file and checks its header.
   *
   * @throws CheckpointException when the file cannot be read or is not a well-formed safetensors
   *     file
   */
  public static SafetensorsFile open(Path path) {
    return open(ModelFile.of(path));
  }

  /** As above, of a file anywhere. */
  static SafetensorsFile open(ModelFile model) {
    MappedFile file = model.map("a safetensors file");
    boolean opened = false;
    try {
      SafetensorsFile checkpoint = new SafetensorsFile(file);
      opened = true;
      return checkpoint;
    } finally {
      if (!opened) {
        file.close();
      }
    }
  }

  /** The free text of the header's {@code __metadata__}, unmodifiable. */
  public Map<String, String> metadata() {
    return metadata;
  }

  @Override
  public String container() {
    return container;
  }

  @Override
  public List<String> names() {
    return List.copyOf(tensors.keySet());
  }

  @Override
  public Optional<StoredTensor> find(String name) {
    return Optional.ofNullable(tensors.get(name));
  }

  @Override
  public void unload() {
    mapped.unload();
  }

  @Override
  public void close() {
    mapped.close();
  }
}
