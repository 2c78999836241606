package dev.detr4j.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.error.Detr4jException;
import dev.detr4j.error.ModelConfigException;
import dev.detr4j.model.ModelFamilies;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Containers that lie in no folder hold what the same files of a folder hold, bit by bit. */
class FileSetTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "model_f32.safetensors",
        "model_bf16.safetensors",
        "dtypes_zip.pth",
        "rezipped_deflated.pth",
        "big_endian_zip.pth",
        "views_legacy.pth",
        "mmdet_like_legacy.pth",
        "birder_like.pt"
      })
  void aFileFromAnywhereHoldsTheSameTensors(String name) throws IOException {
    byte[] bytes = Files.readAllBytes(Resources.path("containers/" + name));
    Map<String, byte[]> files = Map.of(name, bytes);
    try (Checkpoint expected = open(ModelFile.of(Resources.path("containers/" + name)))) {
      assertSame(expected, FileSet.ofBytes(files).model());
      assertSame(
          expected, FileSet.ofStreams(Map.of(name, new ByteArrayInputStream(bytes))).model());
      assertSame(
          expected, FileSet.ofResources(FileSetTest.class, "containers", List.of(name)).model());
      for (boolean deflated : new boolean[] {false, true}) {
        byte[] zip = zip(deflated, "deep/er/", files);
        assertSame(expected, FileSet.ofZip(zip).model());
        assertSame(expected, FileSet.ofZip(new ByteArrayInputStream(zip)).model());
        Path archive = Files.write(folder.resolve("archive" + deflated + ".zip"), zip);
        assertSame(expected, FileSet.ofZip(archive).model());
        try (FileSystem system = FileSystems.newFileSystem(archive)) {
          assertSame(expected, ModelFile.of(system.getPath("deep/er", name)));
        }
      }
    }
  }

  @Test
  void shardsAreFilesOfTheSet() throws IOException {
    Path sharded = Resources.path("containers/sharded_bin");
    Map<String, byte[]> files = new HashMap<>();
    try (Stream<Path> all = Files.list(sharded)) {
      for (Path file : all.toList()) {
        files.put(String.valueOf(file.getFileName()), Files.readAllBytes(file));
      }
    }
    String index =
        files.keySet().stream().filter(n -> n.endsWith(".json")).findFirst().orElseThrow();
    try (Checkpoint expected = ShardedCheckpoint.open(sharded.resolve(index));
        Checkpoint found = ShardedCheckpoint.open(FileSet.ofBytes(files).model().child(index))) {
      assertSame(expected, found);
    }
    files.keySet().removeIf(name -> name.contains("00001"));
    ModelFile incomplete = FileSet.ofBytes(files).model().child(index);
    assertTrue(
        message(() -> ShardedCheckpoint.open(incomplete).close())
            .contains(" is missing (it holds "));
  }

  @Test
  void aMappedArchiveIsNotCopied() throws IOException {
    Path source = Resources.path("containers/model_f32.safetensors");
    Map<String, byte[]> files = Map.of("model_f32.safetensors", Files.readAllBytes(source));
    Path stored = Files.write(folder.resolve("stored.zip"), zip(false, "", files));
    try (Checkpoint checkpoint = open(FileSet.ofZip(stored).model())) {
      assertTrue(checkpoint.tensor(checkpoint.names().getFirst()).bytes().isMapped());
    }
    Path deflated = Files.write(folder.resolve("deflated.zip"), zip(true, "", files));
    try (Checkpoint checkpoint = open(FileSet.ofZip(deflated).model())) {
      assertFalse(checkpoint.tensor(checkpoint.names().getFirst()).bytes().isMapped());
    }
  }

  @Test
  void closingFreesACopyAndUnloadingKeepsIt() throws IOException {
    byte[] bytes = Files.readAllBytes(Resources.path("containers/model_f32.safetensors"));
    FileSet set = FileSet.ofBytes(Map.of("model_f32.safetensors", bytes));
    Checkpoint checkpoint = open(set.model());
    StoredTensor tensor = checkpoint.tensor("head.bias");
    assertTrue(tensor.bytes().isNative());
    byte[] before = tensor.bytes().toArray(ValueLayout.JAVA_BYTE);
    checkpoint.unload();
    assertEquals(-1, tensor.bytes().mismatch(MemorySegment.ofArray(before)));
    checkpoint.close();
    assertFalse(tensor.bytes().scope().isAlive());
    // The same files make another.
    open(set.model()).close();
  }

  @Test
  void aStreamIsReadOnceAndLeftOpen() {
    boolean[] closed = new boolean[1];
    InputStream stream =
        new ByteArrayInputStream(new byte[3]) {
          @Override
          public void close() {
            closed[0] = true;
          }
        };
    ModelFile file = FileSet.ofStreams(Map.of("a.safetensors", stream)).model();
    assertEquals(
        "checkpoint a.safetensors: the file has 3 bytes, a safetensors file begins with 8 bytes of header length",
        message(() -> open(file).close()));
    assertFalse(closed[0]);
    assertThrows(IllegalStateException.class, () -> open(file).close());
  }

  @Test
  void whatEndsEarlyOrFailsIsOneLine() throws IOException {
    byte[] bytes = Files.readAllBytes(Resources.path("containers/model_f32.safetensors"));
    byte[] cut = Arrays.copyOf(bytes, bytes.length - 5);
    assertRefused("model.safetensors", FileSet.ofBytes(Map.of("model.safetensors", cut)).model());
    InputStream failing =
        new InputStream() {
          @Override
          public int read() throws IOException {
            throw new IOException("connection\nreset");
          }

          @Override
          public int read(byte[] bytes, int offset, int length) throws IOException {
            return read();
          }
        };
    assertEquals(
        "checkpoint w.pth of (files of streams): cannot be read: connection?reset",
        message(() -> open(FileSet.ofStreams(Map.of("w.pth", failing)).model()).close()));
    assertEquals(
        "checkpoint (zip archive): cannot be read: connection?reset",
        message(() -> FileSet.ofZip(failing)));
    byte[] zip = zip(true, "", Map.of("m.safetensors", bytes));
    assertTrue(
        message(() -> FileSet.ofZip(Arrays.copyOf(zip, zip.length - 30)))
            .contains("no end record"));
    byte[] pointer =
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"
            .getBytes(StandardCharsets.US_ASCII);
    assertTrue(
        message(() -> open(FileSet.ofBytes(Map.of("m.pth", pointer)).model()).close())
            .contains("Git LFS pointer"));
  }

  /** An archive in which 100 MB of zeros take 100 kB, opened by our reader and by the JDK's. */
  @Test
  void aZipBombIsRefusedBeforeItIsInflated() throws IOException {
    Path bomb =
        Files.write(
            folder.resolve("bomb.zip"),
            zip(true, "", Map.of("model.safetensors", new byte[100_000_000])));
    assertTrue(Files.size(bomb) < 200_000);
    String expected = "is deflated and has 100000000 bytes, at most 67108864";
    for (String message :
        List.of(
            message(() -> FileSet.ofZip(bomb)),
            message(() -> FileSet.ofZip(Files.readAllBytes(bomb))),
            message(() -> {
              try (FileSystem system = FileSystems.newFileSystem(bomb)) {
                open(ModelFile.of(system.getPath("model.safetensors"))).close();
              }
            }))) {
      assertTrue(message.contains(expected), message);
      assertEquals(1, message.lines().count());
    }
  }

  /** The sizes that the directory of an archive gives are too small: the JDK reads on. */
  @Test
  void anEntryThatIsLongerThanItSaysIsRefused() throws IOException {
    byte[] zip = zip(true, "", Map.of("config.json", new byte[3_000_000]));
    for (int at = 0; at + 4 <= zip.length; at++) {
      // The size in the local header and in the directory: 3,000,000 becomes 300.
      if (zip[at] == (byte) 0xc0 && zip[at + 1] == (byte) 0xc6 && zip[at + 2] == 0x2d) {
        zip[at] = 0x2c;
        zip[at + 1] = 1;
        zip[at + 2] = 0;
      }
    }
    Path archive = Files.write(folder.resolve("lies.zip"), zip);
    try (FileSystem system = FileSystems.newFileSystem(archive)) {
      Path entry = system.getPath("config.json");
      assertEquals(300, Files.size(entry));
      assertEquals(
          "checkpoint config.json: has more than the 300 bytes that it should have",
          message(() -> ModelFile.of(entry).map("a file").close()));
    }
    assertTrue(
        message(() ->
                FileSet.ofZip(archive).model().child("config.json").text(ModelConfigException::new))
            .contains("does not inflate to the 300 bytes"));
  }

  @Test
  void aConfigurationWithoutAnEndIsRefused() {
    InputStream endless =
        new InputStream() {
          @Override
          public int read() {
            return ' ';
          }

          @Override
          public int read(byte[] bytes, int offset, int length) {
            Arrays.fill(bytes, offset, offset + length, (byte) ' ');
            return length;
          }
        };
    Map<String, InputStream> streams = new LinkedHashMap<>();
    streams.put("config.json", endless);
    streams.put("model.safetensors", endless);
    assertEquals(
        "config.json of (files of streams) has more than 16777216 bytes, which no configuration has",
        message(() ->
            HuggingFaceDirectory.open(FileSet.ofStreams(streams).model(), ModelFamilies.ALL)));
  }

  @Test
  void whatIsNoModelIsSaid() throws IOException {
    byte[] some = {1};
    assertEquals(
        "checkpoint (zip archive): there are 2 files and no config.json, expected a model folder or one checkpoint",
        message(() -> FileSet.ofZip(zip(false, "", Map.of("a.pth", some, "b.pth", some)))));
    assertEquals(
        "checkpoint (zip archive): there are 2 files config.json, expected one model",
        message(() ->
            FileSet.ofZip(zip(false, "", Map.of("a/config.json", some, "b/config.json", some)))));
    assertEquals(
        "model (files in memory): there is no config.json, expected a Hugging Face model folder",
        message(() ->
            HuggingFaceDirectory.open(
                FileSet.ofBytes(Map.of("a.pth", some, "model.safetensors", some)).model(),
                ModelFamilies.ALL)));
    assertEquals(
        "checkpoint none/model.bin: there is no such resource of dev.detr4j.checkpoint.FileSetTest",
        message(() -> FileSet.ofResources(FileSetTest.class, "none", List.of("model.bin"))));
    assertThrows(IllegalArgumentException.class, () -> FileSet.ofBytes(Map.of()));
    assertThrows(IllegalArgumentException.class, () -> FileSet.ofBytes(Map.of("../a.pth", some)));
  }

  private static Checkpoint open(ModelFile file) {
    return new ModelLocation.Tensors(file).open();
  }

  private static void assertSame(Checkpoint expected, ModelFile file) {
    try (Checkpoint found = open(file)) {
      assertSame(expected, found);
    }
  }

  private static void assertSame(Checkpoint expected, Checkpoint found) {
    assertEquals(expected.names(), found.names());
    assertEquals(expected.container(), found.container());
    for (String name : expected.names()) {
      StoredTensor one = expected.tensor(name);
      StoredTensor other = found.tensor(name);
      assertEquals(one.shape(), other.shape(), name);
      assertEquals(one.storedType(), other.storedType(), name);
      assertEquals(-1, one.bytes().mismatch(other.bytes()), name);
    }
  }

  private static void assertRefused(String begin, ModelFile file) {
    String message = message(() -> open(file).close());
    assertTrue(message.startsWith("checkpoint " + begin + ": "), message);
  }

  private interface Action {
    void run() throws IOException;
  }

  private static String message(Action action) {
    String message = String.valueOf(assertThrows(Detr4jException.class, action::run).getMessage());
    assertEquals(1, message.lines().count(), message);
    return message;
  }

  private static byte[] zip(boolean deflated, String prefix, Map<String, byte[]> files)
      throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      for (Map.Entry<String, byte[]> file : files.entrySet()) {
        ZipEntry entry = new ZipEntry(prefix + file.getKey());
        if (!deflated) {
          CRC32 crc = new CRC32();
          crc.update(file.getValue());
          entry.setMethod(ZipEntry.STORED);
          entry.setSize(file.getValue().length);
          entry.setCrc(crc.getValue());
        }
        zip.putNextEntry(entry);
        zip.write(file.getValue());
      }
    }
    return bytes.toByteArray();
  }
}
