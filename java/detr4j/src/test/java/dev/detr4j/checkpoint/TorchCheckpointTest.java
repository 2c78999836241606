package dev.detr4j.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.checkpoint.pickle.InertObject;
import dev.detr4j.error.CheckpointException;
import dev.detr4j.json.JsonObject;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The files were written with torch, the values are what torch reads from them. */
class TorchCheckpointTest {

  static List<JsonObject> containers() {
    return Resources.json("containers/torch.json").objects("cases");
  }

  @ParameterizedTest
  @MethodSource("containers")
  void holdsExactlyWhatTorchWrote(JsonObject expected) {
    try (Checkpoint checkpoint = open(expected.string("file"))) {
      ExpectedTensors.assertHeld(expected.object("tensors"), checkpoint);
      if (checkpoint instanceof TorchCheckpoint torch) {
        assertEquals(expected.string("under", ""), torch.stateDict());
      }
    }
  }

  /** The lists of expected values hold doubles, which these integers are not. */
  @ParameterizedTest
  @CsvSource({"dtypes_zip.pth", "dtypes_legacy.pth"})
  void keepsLargeIntegers(String file) {
    try (Checkpoint checkpoint = open(file)) {
      assertArrayEquals(
          new long[] {-(1L << 62), -1, 0, (1L << 53) + 1},
          checkpoint.tensor("i64").bytes().toArray(ValueLayout.JAVA_LONG_UNALIGNED));
    }
  }

  /** In place means that nothing is copied until a backend packs the weight. */
  @ParameterizedTest
  @CsvSource({
    "flat_zip.pth,head.weight,true",
    "flat_legacy.pth,head.weight,true",
    "views_zip.pth,offset_rows,true",
    "views_legacy.pth,alias_b,true",
    "views_zip.pth,transposed,false",
    "big_endian_zip.pth,w,false",
    "big_endian_zip.pth,b,true",
    "rezipped_deflated.pth,head.weight,false"
  })
  void readsInPlaceWhatLiesReady(String file, String tensor, boolean inPlace) {
    try (Checkpoint checkpoint = open(file)) {
      assertEquals(inPlace, checkpoint.tensor(tensor) instanceof MappedTensor);
      assertEquals(inPlace, checkpoint.tensor(tensor).bytes().isReadOnly());
    }
  }

  @Test
  void keepsWhatBirderSaysOfItsModel() {
    try (TorchCheckpoint file = torch("birder_like.pt")) {
      assertEquals("0.0.8a14", file.metadata().get("birder_version"));
      assertEquals(
          Map.of(
              "dynamic",
              true,
              "inputs",
              List.of(Map.of("data_shape", List.of(0L, 3L, 640L, 640L))),
              "outputs",
              List.of("(boxes, labels, scores)"),
              "num_labels",
              91L),
          file.metadata().get("signature"));
      assertEquals(
          Map.of("person", 1L, "bicycle", 2L, "hair brush", 91L),
          file.metadata().get("class_to_idx"));
      assertEquals(
          Map.of("mean", List.of(0.5191, 0.5306, 0.4877), "std", List.of(0.2316, 0.2304, 0.2588)),
          file.metadata().get("rgb_stats"));
      assertTrue(file.metadata().containsKey("backbone_config"));
      assertNull(file.metadata().get("backbone_config"));
    }
  }

  @ParameterizedTest
  @CsvSource({"wrapped_model_zip.pth", "wrapped_model_legacy.pth"})
  void leavesUnknownClassesInert(String name) {
    try (TorchCheckpoint file = torch(name)) {
      assertEquals(
          List.of("optimizer", "lr_scheduler", "epoch", "args"),
          List.copyOf(file.metadata().keySet()));
      assertEquals(49L, file.metadata().get("epoch"));
      InertObject arguments = assertInstanceOf(InertObject.class, file.metadata().get("args"));
      assertEquals("argparse.Namespace", arguments.type());
      Map<?, ?> attributes = assertInstanceOf(Map.class, arguments.state());
      assertTrue(attributes.containsKey("lr"), attributes.toString());
      assertEquals(attributes.get("lr"), arguments.attribute("lr").orElseThrow());
    }
  }

  @Test
  void keepsValuesOfEveryKind() {
    try (TorchCheckpoint file = torch("mmdet_like_legacy.pth")) {
      Map<?, ?> meta = assertInstanceOf(Map.class, file.metadata().get("meta"));
      assertEquals(List.of("person", "bicycle", "car"), meta.get("CLASSES"));
      assertEquals(BigInteger.TWO.pow(70), ((Map<?, ?>) nonNull(meta.get("nested"))).get("big"));
      assertEquals(
          "numpy._core.multiarray.scalar",
          assertInstanceOf(InertObject.class, meta.get("np_scalar")).type());
    }
  }

  @ParameterizedTest
  @CsvSource({"1", "3", "5"})
  void readsEveryProtocol(int protocol) {
    for (String layout : List.of("zip", "legacy")) {
      try (TorchCheckpoint file = torch("protocol" + protocol + "_" + layout + ".pth")) {
        Map<?, ?> meta = assertInstanceOf(Map.class, file.metadata().get("meta"));
        assertEquals(7L, meta.get("epoch"));
        assertEquals(1e-4, meta.get("lr"));
        assertEquals(BigInteger.TWO.pow(70), meta.get("big"));
        assertEquals(-(1L << 40), meta.get("neg"));
        assertEquals(true, meta.get("yes"));
        assertNull(meta.get("none"));
        assertArrayEquals(new byte[] {0, -1}, assertInstanceOf(byte[].class, meta.get("bytes")));
        assertEquals(List.of(1L), meta.get("set"));
        assertEquals(List.of(1L, "a"), meta.get("tuple"));
      }
    }
  }

  @Test
  void stripsThePrefixOfAllNames() {
    TorchCheckpoint.Options options = new TorchCheckpoint.Options(null, "module.");
    try (TorchCheckpoint file =
        TorchCheckpoint.open(Resources.path("containers/module_prefix_cuda_legacy.pth"), options)) {
      assertTrue(file.names().contains("backbone.conv1.weight"), file.names().toString());
      assertTrue(file.names().stream().noneMatch(name -> name.startsWith("module.")));
    }
    try (TorchCheckpoint file =
        TorchCheckpoint.open(Resources.path("containers/flat_zip.pth"), options)) {
      assertTrue(file.names().contains("backbone.conv1.weight"));
    }
  }

  @Test
  void takesTheStateDictThatIsAskedFor() {
    var path = Resources.path("containers/nested_zip.pth");
    try (TorchCheckpoint file =
        TorchCheckpoint.open(path, new TorchCheckpoint.Options("ema", ""))) {
      assertEquals(List.of("w"), file.names());
      Map<?, ?> model = assertInstanceOf(Map.class, file.metadata().get("model"));
      InertObject tensor =
          assertInstanceOf(InertObject.class, ((Map<?, ?>) nonNull(model.get("a"))).get("w"));
      assertEquals("torch.Tensor[F32, [2]]", tensor.toString());
    }
    String message =
        assertThrows(
                CheckpointException.class,
                () -> TorchCheckpoint.open(path, new TorchCheckpoint.Options("nobody", "")).close())
            .getMessage();
    assertEquals("checkpoint nested_zip.pth: there is no dict under nobody", message);
  }

  @ParameterizedTest
  @CsvSource({"flat_zip.pth,head.weight", "views_zip.pth,transposed"})
  void saysSoWhenReadAfterClose(String name, String tensorName) {
    TorchCheckpoint file = torch(name);
    StoredTensor tensor = file.tensor(tensorName);
    file.close();
    file.close();
    String message =
        assertThrows(CheckpointException.class, () -> tensor.read(MemorySegment.NULL)).getMessage();
    assertTrue(message.contains("is read after the checkpoint was closed"), message);
  }

  @Test
  void namesMissingFilesAndFolders() {
    var folder = Resources.path("containers");
    assertMessage(folder.resolve("none.pth"), "there is no such file");
    assertMessage(folder, "is a folder, expected a file of torch.save");
    assertMessage(
        folder.resolve("model_f32.safetensors"), "neither a zip nor a legacy file of torch.save");
  }

  private static void assertMessage(java.nio.file.Path path, String expected) {
    String message =
        assertThrows(CheckpointException.class, () -> TorchCheckpoint.open(path).close())
            .getMessage();
    assertTrue(message.contains(expected), message);
  }

  private static Checkpoint open(String name) {
    return name.endsWith(".json")
        ? ShardedCheckpoint.open(Resources.path("containers/" + name))
        : torch(name);
  }

  private static TorchCheckpoint torch(String name) {
    return TorchCheckpoint.open(Resources.path("containers/" + name));
  }

  private static Object nonNull(@org.jspecify.annotations.Nullable Object value) {
    return Objects.requireNonNull(value);
  }
}
