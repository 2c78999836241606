package dev.detr4j.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.json.JsonObject;
import dev.detr4j.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The values and the hostile files were written with the safetensors library. */
class SafetensorsFileTest {
  @TempDir Path folder;

  static List<JsonObject> containers() {
    return Resources.json("containers/expected.json").objects("cases");
  }

  @ParameterizedTest
  @MethodSource("containers")
  void holdsExactlyWhatTheLibraryWrote(JsonObject expected) {
    Path path = Resources.path("containers/" + expected.string("file"));
    try (Checkpoint checkpoint =
        path.toString().endsWith(".json")
            ? ShardedCheckpoint.open(path)
            : SafetensorsFile.open(path)) {
      ExpectedTensors.assertHeld(expected.object("tensors"), checkpoint);
    }
  }

  @Test
  void keepsMetadata() {
    try (SafetensorsFile file =
        SafetensorsFile.open(Resources.path("containers/model_f32.safetensors"))) {
      assertEquals(Map.of("format", "pt", "note", "golden ü", "alias", "x"), file.metadata());
    }
  }

  @Test
  void widensSpecialValues() throws IOException {
    float[] special = {
      0f, -0f, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN, 1f, -2.5f
    };
    ByteBuffer half = ByteBuffer.allocate(2 * special.length + 4).order(ByteOrder.LITTLE_ENDIAN);
    ByteBuffer brain = ByteBuffer.allocate(2 * special.length).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : special) {
      half.putShort(Float.floatToFloat16(value));
      brain.putShort((short) (Float.floatToRawIntBits(value) >> 16));
    }
    half.putShort((short) 0x0001).putShort((short) 0x83ff); // the smallest and a large subnormal
    String json =
        "{\"h\":{\"dtype\":\"F16\",\"shape\":[9],\"data_offsets\":[0,18]},"
            + "\"b\":{\"dtype\":\"BF16\",\"shape\":[7],\"data_offsets\":[18,32]}}";
    byte[] data = new byte[32];
    half.rewind().get(data, 0, 18);
    brain.rewind().get(data, 18, 14);
    try (SafetensorsFile file = SafetensorsFile.open(write(json, data))) {
      float[] halves = Resources.values(file.tensor("h"));
      float[] brains = Resources.values(file.tensor("b"));
      for (int i = 0; i < special.length; i++) {
        assertEquals(Float.floatToIntBits(special[i]), Float.floatToIntBits(halves[i]));
        assertEquals(Float.floatToIntBits(special[i]), Float.floatToIntBits(brains[i]));
      }
      assertEquals(0x1p-24f, halves[7]);
      assertEquals(-1023 * 0x1p-24f, halves[8]);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "st_header_longer_than_file, 'header length 1048576, expected 2 to 71'",
    "st_overlapping, 'tensor b overlaps the tensor before it: it begins at 4, expected 12'",
    "st_offset_past_end, 'tensor b has data_offsets [16, 4016], but the file holds 16 bytes of data'"
  })
  void rejectsHostileFiles(String name, String expected) {
    String file = name + ".safetensors";
    String message = rejection(Resources.path("containers/hostile/" + file));
    assertTrue(message.startsWith("checkpoint " + file + ": "), message);
    assertTrue(message.contains(expected), message);
  }

  @Test
  void rejectsEveryTruncation() throws IOException {
    byte[] good = Files.readAllBytes(Resources.path("containers/model_f32.safetensors"));
    for (int length = 0; length < good.length; length++) {
      Path cut = Files.write(folder.resolve("cut.safetensors"), Arrays.copyOf(good, length));
      assertTrue(rejection(cut).startsWith("checkpoint cut.safetensors: "));
    }
  }

  @Test
  void loadsOrRejectsFlippedBytes() throws IOException {
    byte[] good = Files.readAllBytes(Resources.path("containers/model_f32.safetensors"));
    for (List<Integer> flip :
        Resources.json("containers/hostile/derived.json").integerLists("xor_byte")) {
      byte[] bad = good.clone();
      bad[flip.get(0)] ^= flip.get(1).byteValue();
      Path path = Files.write(folder.resolve("flipped.safetensors"), bad);
      try (SafetensorsFile file = SafetensorsFile.open(path)) {
        for (String name : file.names()) {
          StoredTensor tensor = file.tensor(name);
          assertEquals(
              tensor.shape().elements() * tensor.storedType().bytes(), tensor.bytes().byteSize());
        }
      } catch (CheckpointException e) {
        assertEquals(1, e.getMessage().lines().count());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[] | expected a JSON object",
        "{\"a\":1} | the entry of a is not an object",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}} | tensor a lacks dtype, shape or data_offsets",
        "{\"a\":{\"dtype\":\"F33\",\"shape\":[1],\"data_offsets\":[0,4]}} | tensor a has the unknown dtype F33",
        "{\"a\":{\"dtype\":7,\"shape\":[1],\"data_offsets\":[0,4]}} | tensor a dtype is not a string",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}} | tensor a has the extent -1, expected 0 to",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}} | tensor a shape holds something other than",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2147483648],\"data_offsets\":[0,4]}} | tensor a has the extent 2147483648",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,4]}} | the header is not valid JSON",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2147483647,2147483647,2147483647],\"data_offsets\":[0,4]}} | whose size overflows",
        "{\"a\":{\"dtype\":\"F64\",\"shape\":[2147483647,2147483647],\"data_offsets\":[0,4]}} | whose size overflows",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}} | tensor a has 4 bytes of data, but F32 [2] needs 8",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}} | tensor a has data_offsets [4, 0]",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}} | tensor a has data_offsets [-4, 0]",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}} | tensor a has 3 data_offsets",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[1,4]}} | tensor a leaves a hole before it: it begins at 1",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]}} | the header describes 3 bytes of data, the file holds 4",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"a\":{}} | duplicate field 'a'",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":{}}} | tensor a has an unknown field x",
        "{\"a\\n\\u001bb\":{\"dtype\":\"F33\",\"shape\":[1],\"data_offsets\":[0,4]}} | tensor a??b has the unknown dtype",
        "{\"__metadata__\":{\"a\":1}} | metadata a is not a string",
        "{\"a\":{\"dtype\":[[[[[]]]]]}} | dtype is not a string",
        "{} {} | there is more text after the JSON object",
        "{\"a\": | the header is not valid JSON",
      })
  void rejectsBrokenHeaders(String jsonAndMessage) throws IOException {
    String[] parts = jsonAndMessage.split(" \\| ", -1);
    String message = rejection(write(parts[0], new byte[4]));
    assertTrue(message.contains(parts[1]), message);
    assertEquals(1, message.lines().count());
  }

  @Test
  void acceptsPaddingAndEmptyTensors() throws IOException {
    String json =
        "{\"e\":{\"dtype\":\"F32\",\"shape\":[0,3],\"data_offsets\":[4,4]},"
            + "\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}      ";
    try (SafetensorsFile file = SafetensorsFile.open(write(json, new byte[4]))) {
      assertEquals(List.of("e", "a"), file.names());
      assertEquals(Shape.of(0, 3), file.tensor("e").shape());
      assertEquals(0, Resources.values(file.tensor("e")).length);
      assertEquals(0f, Resources.values(file.tensor("a"))[0]);
    }
  }

  /** The reference reader's field is optional, and null is its absence. */
  @Test
  void takesMetadataThatIsNullForAbsent() throws IOException {
    String json =
        "{\"__metadata__\":null,\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}";
    try (SafetensorsFile file = SafetensorsFile.open(write(json, new byte[4]))) {
      assertEquals(Map.of(), file.metadata());
      assertEquals(List.of("a"), file.names());
    }
    assertTrue(
        rejection(write("{\"a\":null}", new byte[0])).endsWith("the entry of a is not an object"));
  }

  @Test
  void rejectsNotUtf8() throws IOException {
    byte[] json = "{\"x\":{}}".getBytes(StandardCharsets.UTF_8);
    json[2] = (byte) 0xff;
    assertTrue(rejection(write(json, new byte[0])).contains("the header is not UTF-8 text"));
  }

  @Test
  void namesMissingFilesAndFolders() {
    assertTrue(rejection(folder.resolve("none.safetensors")).endsWith("there is no such file"));
    assertTrue(rejection(folder).contains("is a folder, expected a safetensors file"));
  }

  @Test
  void saysSoWhenReadAfterClose() {
    SafetensorsFile file = SafetensorsFile.open(Resources.path("containers/model_f32.safetensors"));
    StoredTensor tensor = file.tensor("head.weight");
    file.close();
    file.close();
    assertFalse(tensor.bytes().scope().isAlive());
    String message =
        assertThrows(CheckpointException.class, () -> tensor.read(MemorySegment.NULL)).getMessage();
    assertTrue(
        message.contains("tensor head.weight is read after the checkpoint was closed"), message);
  }

  @Test
  void namesAMissingTensor() {
    try (SafetensorsFile file =
        SafetensorsFile.open(Resources.path("containers/model_f32.safetensors"))) {
      String message =
          assertThrows(CheckpointException.class, () -> file.tensor("nobody")).getMessage();
      assertEquals("checkpoint model_f32.safetensors: there is no tensor nobody", message);
    }
  }

  private Path write(String json, byte[] data) throws IOException {
    return write(json.getBytes(StandardCharsets.UTF_8), data);
  }

  private Path write(byte[] json, byte[] data) throws IOException {
    ByteBuffer file =
        ByteBuffer.allocate(8 + json.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
    file.putLong(json.length).put(json).put(data);
    return Files.write(folder.resolve("made.safetensors"), file.array());
  }

  private static String rejection(Path path) {
    return assertThrows(CheckpointException.class, () -> SafetensorsFile.open(path).close())
        .getMessage();
  }
}
