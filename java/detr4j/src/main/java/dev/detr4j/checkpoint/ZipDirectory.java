package dev.detr4j.checkpoint;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.OneLine;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * The entries of a mapped zip file, with ZIP64. Stored entries are used where they lie; deflated
 * ones are inflated on demand, and all of them together may not be larger than {@value #GROWTH}
 * times the file, or than 64 MiB when that is more.
 *
 * <p>Names are only keys here: nothing is ever written to a path. The checksums of stored entries
 * are not verified, because torch may write none and it would page in the whole file.
 */
final class ZipDirectory {
  private static final int GROWTH = 4;
  private static final long SMALL = 64L << 20;

  /** Twice as many as a checkpoint of the most tensors has. */
  private static final int MOST_ENTRIES = 2 * TorchCheckpoint.MOST_TENSORS;

  private static final int END_BYTES = 22;
  private static final int LONGEST_COMMENT = 0xffff;
  private static final long ABSENT = 0xffff_ffffL;
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** One entry; {@code packed} are its bytes in the file. */
  record Entry(String name, boolean deflated, long checksum, long bytes, MemorySegment packed) {}

  private final MappedFile file;
  private final MemorySegment all;
  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private long directory;
  private long directoryEnd;
  private long inflated;

  /** Reads the directory of a zip file. */
  ZipDirectory(MappedFile file) {
    this.file = file;
    this.all = file.bytes();
    findDirectory();
    long at = directory;
    while (at < directoryEnd) {
      at = readEntry(at);
    }
  }

  /** To how many bytes so many may inflate. */
  static long mostInflated(long packed) {
    return Math.max(SMALL, GROWTH * packed);
  }

  Set<String> names() {
    return entries.keySet();
  }

  Optional<Entry> find(String name) {
    return Optional.ofNullable(entries.get(name));
  }

  /** The content of an entry: in place when it is stored, otherwise inflated into new memory. */
  MemorySegment content(Entry entry) {
    return entry.deflated ? inflate(entry) : entry.packed;
  }

  private void findDirectory() {
    long last = all.byteSize() - END_BYTES;
    long end = last;
    while (end >= 0
        && (u4(end) != 0x06054b50L || end + END_BYTES + u2(end + 20) != all.byteSize())) {
      end = last - end >= LONGEST_COMMENT ? -1 : end - 1;
    }
    if (end < 0) {
      throw file.wrong("the zip file has no end record: truncated");
    }
    int disks = u2(end + 4) | u2(end + 6);
    long size = u4(end + 12);
    long offset = u4(end + 16);
    long limit = end;
    long locator = end - 20;
    if (locator >= 0 && u4(locator) == 0x07064b50L) {
      long wide = all.get(LONG, locator + 8);
      if (wide < 0 || wide > locator - 56 || u4(wide) != 0x06064b50L) {
        throw file.wrong("the zip file has no ZIP64 end record at " + wide);
      }
      disks = (int) (u4(wide + 16) | u4(wide + 20));
      size = all.get(LONG, wide + 40);
      offset = all.get(LONG, wide + 48);
      limit = wide;
    }
    if (disks != 0) {
      throw file.wrong("the zip file is a part of several, expected a single file");
    }
    if (size < 0 || offset < 0 || size > limit || offset != limit - size) {
      throw file.wrong(
          "the end record gives the zip directory %s bytes from %s on, but itself lies at %d"
              .formatted(Long.toUnsignedString(size), Long.toUnsignedString(offset), limit));
    }
    directory = offset;
    directoryEnd = limit;
  }

  private long readEntry(long at) {
    if (entries.size() == MOST_ENTRIES) {
      throw file.wrong("the zip file has more than " + MOST_ENTRIES + " entries");
    }
    if (directoryEnd - at < 46 || u4(at) != 0x02014b50L) {
      throw file.wrong("the zip directory has no entry at " + at);
    }
    int nameBytes = u2(at + 28);
    int extraBytes = u2(at + 30);
    long next = at + 46 + nameBytes + extraBytes + u2(at + 32);
    if (next > directoryEnd) {
      throw file.wrong("the zip entry at " + at + " ends past the end of the directory");
    }
    String name =
        new String(
            all.asSlice(at + 46, nameBytes).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
    Wide wide =
        new Wide(u4(at + 24), u4(at + 20), u4(at + 42))
            .withExtra(at + 46 + nameBytes, at + 46 + nameBytes + extraBytes);
    int method = u2(at + 10);
    if ((u2(at + 8) & 1) != 0 || (method != 0 && method != 8)) {
      throw wrong(name, "is encrypted or packed by method " + method + ", expected stored");
    }
    boolean deflated = method == 8;
    if (!deflated && wide.bytes != wide.packedBytes) {
      throw wrong(name, "is stored as %d bytes of %d".formatted(wide.packedBytes, wide.bytes));
    }
    if (deflated) {
      inflated += wide.bytes;
      long most = mostInflated(all.byteSize());
      if (wide.bytes < 0 || wide.bytes > most || inflated > most) {
        throw wrong(
            name,
            "is deflated and has %d bytes, at most %d in all are read".formatted(wide.bytes, most));
      }
    }
    MemorySegment packed = packed(name, wide.header, wide.packedBytes);
    if (entries.put(name, new Entry(name, deflated, u4(at + 16), wide.bytes, packed)) != null) {
      throw wrong(name, "is there twice");
    }
    return next;
  }

  private MemorySegment packed(String name, long header, long packedBytes) {
    if (header < 0 || header > directory - 30 || u4(header) != 0x04034b50L) {
      throw wrong(name, "has no header at " + header);
    }
    int nameBytes = u2(header + 26);
    long begin = header + 30 + nameBytes + u2(header + 28);
    if (begin > directory || packedBytes < 0 || packedBytes > directory - begin) {
      throw wrong(
          name,
          "has %d bytes from %d on, but the data end at %d"
              .formatted(packedBytes, begin, directory));
    }
    String again =
        new String(
            all.asSlice(header + 30, nameBytes).toArray(ValueLayout.JAVA_BYTE),
            StandardCharsets.UTF_8);
    if (!again.equals(name)) {
      throw wrong(name, "is called " + again + " in its own header");
    }
    return all.asSlice(begin, packedBytes);
  }

  /** Sizes and place of an entry, which an extra field holds when they do not fit 32 bits. */
  private final class Wide {
    private long bytes;
    private long packedBytes;
    private long header;

    Wide(long bytes, long packedBytes, long header) {
      this.bytes = bytes;
      this.packedBytes = packedBytes;
      this.header = header;
    }

    Wide withExtra(long begin, long end) {
      for (long at = begin; at + 4 <= end; at += 4 + u2(at + 2)) {
        long fieldEnd = at + 4 + u2(at + 2);
        if (u2(at) == 1 && fieldEnd <= end) {
          long value = at + 4;
          if (bytes == ABSENT && value + 8 <= fieldEnd) {
            bytes = all.get(LONG, value);
            value += 8;
          }
          if (packedBytes == ABSENT && value + 8 <= fieldEnd) {
            packedBytes = all.get(LONG, value);
            value += 8;
          }
          if (header == ABSENT && value + 8 <= fieldEnd) {
            header = all.get(LONG, value);
          }
        }
      }
      return this;
    }
  }

  private MemorySegment inflate(Entry entry) {
    if (entry.bytes > Integer.MAX_VALUE || entry.packed.byteSize() > Integer.MAX_VALUE) {
      throw wrong(entry.name, "is deflated and has more than 2 GiB");
    }
    MemorySegment content = file.arena().allocate(Math.max(1, entry.bytes), 8);
    Inflater inflater = new Inflater(true);
    try {
      ByteBuffer output = content.asSlice(0, entry.bytes).asByteBuffer();
      inflater.setInput(entry.packed.asByteBuffer());
      while (output.hasRemaining() && inflater.inflate(output) > 0) {
        // Goes on where it stopped.
      }
      // One more byte shows whether the data go on beyond the size that the directory gives.
      if (output.hasRemaining() || (!inflater.finished() && inflater.inflate(new byte[1]) > 0)) {
        throw wrong(entry.name, "does not inflate to the " + entry.bytes + " bytes it should have");
      }
      CRC32 checksum = new CRC32();
      checksum.update(output.rewind());
      if (checksum.getValue() != entry.checksum) {
        throw wrong(entry.name, "has another checksum than the directory says");
      }
    } catch (DataFormatException e) {
      throw wrong(entry.name, "does not inflate: " + e.getMessage());
    } finally {
      inflater.end();
    }
    return content.asSlice(0, entry.bytes).asReadOnly();
  }

  private CheckpointException wrong(String name, String what) {
    return file.wrong("zip entry " + OneLine.of(name) + " " + what);
  }

  private int u2(long at) {
    return all.get(SHORT, at) & 0xffff;
  }

  private long u4(long at) {
    return all.get(INT, at) & 0xffff_ffffL;
  }
}
