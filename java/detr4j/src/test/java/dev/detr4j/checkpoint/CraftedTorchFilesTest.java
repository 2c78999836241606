package dev.detr4j.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.detr4j.error.CheckpointException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Zip files of torch with one thing wrong, each made here byte by byte. */
class CraftedTorchFilesTest {
  /** Pickles the tensor of one element that storage 0 holds, as {@code torch.save} would. */
  private static final String TENSOR = tensor("K\1", "K\0", ")", ")");

  @TempDir Path folder;

  private record Part(String name, byte[] content) {}

  @Test
  void readsWhatIsMadeHere() throws IOException {
    try (TorchCheckpoint file = open(zip(parts("}X\1\0\0\0w" + TENSOR + "s.")))) {
      assertEquals(List.of("w"), file.names());
      assertArrayEquals(new float[] {1}, Resources.values(file.tensor("w")));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "]. | the top level is a list, expected a dict",
        "}. | there is no tensor at the top level",
        "}K\\1TENSORs. | the key of a tensor is an integer, expected a string of at most 256 characters",
        "}(X\\5\\0\\0\\0model}X\\1\\0\\0\\0wTENSORsX\\5\\0\\0\\0state}X\\1\\0\\0\\0wTENSORsu. | there are tensors under each of model, state, expected one",
        "}X\\5\\0\\0\\0model}(X\\1\\0\\0\\0a}X\\1\\0\\0\\0wTENSORsX\\3\\0\\0\\0a.wTENSORus. | there are two tensors a.w",
        "}(X\\1\\0\\0\\0wTENSORX\\1\\0\\0\\0x]q\\0h\\0au. | a list contains itself",
        "}X\\1\\0\\0\\0w(X\\7\\0\\0\\0storagectorch\\nComplexFloatStorage\\nX\\1\\0\\0\\00X\\3\\0\\0\\0cpuK\\1tQs. | data.pkl byte 64: storage type torch.ComplexFloatStorage is not supported",
        "}X\\1\\0\\0\\0wK\\1Qs. | data.pkl byte 9: a persistent id is an integer, expected a tuple",
        "}X\\1\\0\\0\\0wctorch._utils\\n_rebuild_tensor_v2\\n)Rs. | argument 0 of a torch function is None, expected a storage",
      })
  void namesWhatIsWrongInThePickle(String pickle, String expected) throws IOException {
    String plain =
        pickle
            .replace("TENSOR", TENSOR)
            .replace("\\n", "\n")
            .replace("\\0", "\0")
            .replace("\\1", "\1")
            .replace("\\3", "\3")
            .replace("\\5", "\5")
            .replace("\\7", "\7");
    assertRejected(zip(parts(plain)), expected);
  }

  static List<Arguments> impossible() {
    return List.of(
        arguments("K\2", "K\0", ")", "storage x/data/0 has 4 bytes, but 2 F32 elements need 8"),
        arguments("K\1", "K\1", ")", "takes elements 1 to 1 of a storage of 1"),
        arguments("K\1", "K\0", "K\2\u0085", "takes elements 0 to 1 of a storage of 1"),
        arguments("K\1", "J\377\377\377\377", ")", "takes elements -1 to -1 of a storage of 1"),
        arguments(
            "K\1",
            "K\0",
            "J\377\377\377\377\u0085",
            "has sizes [-1] and strides [1], expected sizes from 0"),
        arguments("K\1", "K\0", "\u008a\5\0\0\0\0\1\u0085", "has sizes [4294967296]"));
  }

  @ParameterizedTest
  @MethodSource("impossible")
  void namesTensorsThatAreNotPossible(String count, String offset, String sizes, String expected)
      throws IOException {
    String strides = sizes.equals(")") ? ")" : "K\1\u0085";
    String tensor = tensor(count, offset, sizes, strides);
    assertRejected(zip(parts("}X\1\0\0\0w" + tensor + "s.")), expected);
  }

  @Test
  void boundsWhatRepeatedElementsTake() throws IOException {
    String huge = "M\377\377M\377\377\u0086";
    String pickle = "}X\1\0\0\0w" + tensor("K\1", "K\0", huge, "K\0K\0\u0086") + "s.";
    assertRejected(
        zip(parts(pickle)),
        "tensor w has 17179344900 bytes by repeating the elements of a storage of 4, at most 67108864 are read");
  }

  /** Each level holds the one before a hundred times. */
  @ParameterizedTest
  @CsvSource({
    "3, there are more than 50000 tensors",
    "4, the state dict has more than 1000000 entries"
  })
  void boundsSharedDicts(int levels, String expected) throws IOException {
    StringBuilder pickle = new StringBuilder("}X\1\0\0\0w" + TENSOR + "sq\1");
    for (int level = 0; level < levels; level++) {
      pickle.append("0}(");
      for (int i = 0; i < 100; i++) {
        pickle.append("X\2\0\0\0").append((char) ('a' + i / 10)).append((char) ('0' + i % 10));
        pickle.append("h\1");
      }
      pickle.append("uq\1");
    }
    pickle.append("0}X\5\0\0\0model}(X\1\0\0\0w" + TENSOR + "X\1\0\0\0xh\1us.");
    assertTimeoutPreemptively(
        Duration.ofSeconds(20), () -> assertRejected(zip(parts(pickle.toString())), expected));
  }

  @Test
  void refusesOtherZipFiles() throws IOException {
    List<Part> parts = parts("}X\1\0\0\0w" + TENSOR + "s.");
    assertRejected(zip(parts.subList(1, 2)), "has 0 entries <folder>/data.pkl, expected one");
    assertRejected(zip(with(parts, "y/data.pkl", ".")), "has 2 entries <folder>/data.pkl");
    assertRejected(zip(with(parts, "x/constants.pkl", ".")), "is a TorchScript program");
    assertRejected(zip(with(parts, "x/data/0", "abcd")), "zip entry x/data/0 is there twice");
    assertRejected(
        zip(with(parts, "x/byteorder", "middle")),
        "byteorder is \"middle\", expected little or big");
    assertRejected(zip(parts.subList(0, 1)), "storage x/data/0 is missing");
  }

  @ParameterizedTest
  @CsvSource({
    "8, 1, is encrypted or packed by method 0",
    "10, 12, is encrypted or packed by method 12",
    "24, 3, is stored as 4 bytes of 3",
    "20, 3, is stored as 3 bytes of 4",
    "42, 1, has no header at 1",
    "46, 65, 'is called x/data/0 in its own header'",
    "28, 255, ends past the end of the directory"
  })
  void namesWhatIsWrongInTheDirectory(int at, int value, String expected) throws IOException {
    byte[] zip = zip(parts("}X\1\0\0\0w" + TENSOR + "s."));
    // The storage is the second and last entry: 46 bytes, its name, and the end record.
    zip[zip.length - 22 - 46 - "x/data/0".length() + at] = (byte) value;
    assertRejected(zip, expected);
  }

  @Test
  void refusesDeflatedEntriesThatLie() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      for (Part part : parts("}X\1\0\0\0w" + TENSOR + "s.")) {
        zip.putNextEntry(new ZipEntry(part.name));
        zip.write(part.content);
      }
    }
    byte[] good = bytes.toByteArray();
    try (TorchCheckpoint file = open(good)) {
      assertArrayEquals(new float[] {1}, Resources.values(file.tensor("w")));
    }
    int pickle = good.length - 22 - 2 * (46 + "x/data/0".length()) - 2;
    byte[] longer = good.clone();
    longer[pickle + 24]++;
    assertRejected(longer, "zip entry x/data.pkl does not inflate to the");
    byte[] shorter = good.clone();
    shorter[pickle + 24]--;
    assertRejected(shorter, "zip entry x/data.pkl does not inflate to the");
    byte[] changed = good.clone();
    changed[pickle + 16]++;
    assertRejected(changed, "zip entry x/data.pkl has another checksum than the directory says");
  }

  private static List<Part> parts(String pickle) {
    return List.of(
        new Part("x/data.pkl", pickle.getBytes(StandardCharsets.ISO_8859_1)),
        new Part("x/data/0", new byte[] {0, 0, (byte) 0x80, 0x3f}));
  }

  private static List<Part> with(List<Part> parts, String name, String content) {
    List<Part> more = new ArrayList<>(parts);
    more.add(new Part(name, content.getBytes(StandardCharsets.ISO_8859_1)));
    return more;
  }

  private static String tensor(String count, String offset, String sizes, String strides) {
    return "ctorch._utils\n_rebuild_tensor_v2\n((X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0"
        + "0X\3\0\0\0cpu"
        + count
        + "tQ"
        + offset
        + sizes
        + strides
        + "\u0089NtR";
  }

  /** A zip file of stored entries; the names may be anything, which the library would refuse. */
  private static byte[] zip(List<Part> parts) {
    ByteBuffer zip = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
    ByteBuffer directory = ByteBuffer.allocate(1 << 12).order(ByteOrder.LITTLE_ENDIAN);
    for (Part part : parts) {
      byte[] name = part.name.getBytes(StandardCharsets.UTF_8);
      CRC32 checksum = new CRC32();
      checksum.update(part.content);
      int header = zip.position();
      ByteBuffer common = ByteBuffer.allocate(26).order(ByteOrder.LITTLE_ENDIAN);
      common.putShort((short) 20).putShort((short) 0).putShort((short) 0).putInt(0);
      common.putInt((int) checksum.getValue()).putInt(part.content.length);
      common.putInt(part.content.length).putShort((short) name.length).putShort((short) 0);
      zip.putInt(0x04034b50).put(common.array()).put(name).put(part.content);
      directory.putInt(0x02014b50).putShort((short) 20).put(common.array());
      directory.put(new byte[10]).putInt(header).put(name);
    }
    int start = zip.position();
    zip.put(directory.flip());
    zip.putInt(0x06054b50).putInt(0).putShort((short) parts.size()).putShort((short) parts.size());
    zip.putInt(zip.position() - 12 - start).putInt(start).putShort((short) 0);
    byte[] bytes = new byte[zip.position()];
    zip.flip().get(bytes);
    return bytes;
  }

  private TorchCheckpoint open(byte[] file) throws IOException {
    return TorchCheckpoint.open(Files.write(folder.resolve("made.pth"), file));
  }

  private void assertRejected(byte[] file, String expected) {
    String message = assertThrows(CheckpointException.class, () -> open(file).close()).getMessage();
    assertTrue(message.startsWith("checkpoint made.pth: "), message);
    assertTrue(message.contains(expected), message);
    assertEquals(1, message.lines().count());
  }
}
