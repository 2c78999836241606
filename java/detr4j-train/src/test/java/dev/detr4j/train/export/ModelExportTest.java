package dev.detr4j.train.export;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.Detection;
import dev.detr4j.Detector;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.checkpoint.SafetensorsFile;
import dev.detr4j.checkpoint.StoredTensor;
import dev.detr4j.image.PixelSize;
import dev.detr4j.json.JsonObject;
import dev.detr4j.tensor.Shape;
import dev.detr4j.train.TrainingException;
import dev.detr4j.train.fault.Findings;
import dev.detr4j.train.head.ClassMap;
import dev.detr4j.train.head.HeadPolicy;
import dev.detr4j.train.head.NewHeads;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The default model, written again with its own classes and with others, is loaded and runs. */
class ModelExportTest {
  private static final List<String> CODES =
      List.of("qr_code", "data_matrix", "aztec", "pdf417", "barcode");
  private static final int PROPOSALS = 3;

  @TempDir Path folder;
  private final Arena arena = Arena.ofConfined();

  @AfterEach
  void free() {
    arena.close();
  }

  /** A place of the project, whichever of its folders the tests run in. */
  private static Path project(String path) {
    Path at = Path.of("").toAbsolutePath();
    while (!Files.exists(at.resolve(path))) {
      at = at.getParent();
    }
    return at.resolve(path);
  }

  private static byte[] bytes(String name) throws IOException {
    return Files.readAllBytes(project("weights/codes/model").resolve(name));
  }

  private static ModelExport export(List<String> classes, PixelSize size) throws IOException {
    return new ModelExport(
        bytes("config.json"), bytes("preprocessor_config.json"), classes, false, size);
  }

  private static ModelCard card(List<String> classes) {
    return new ModelCard(
        "a|test",
        "detr4j-model-codes",
        "2026-11-30",
        "0.1.0",
        classes,
        List.of("4 images with 24 boxes to train on"),
        Map.of("recipe", "default"),
        Map.of("AP", 0.1234));
  }

  /** The default model's tensors, its class heads made for other classes. */
  private List<NamedWeight> weights(List<String> classes) {
    ClassMap map = ClassMap.of(CODES, classes, HeadPolicy.BY_NAME, new Findings());
    NewHeads heads = new NewHeads(map, PROPOSALS, 1);
    List<NamedWeight> weights = new ArrayList<>();
    try (SafetensorsFile file =
        SafetensorsFile.open(project("weights/codes/model/model.safetensors"))) {
      for (String name : file.names()) {
        StoredTensor tensor = file.tensor(name);
        MemorySegment values = arena.allocate(4 * tensor.shape().elements(), 64);
        tensor.read(values);
        if (!NewHeads.isClassHead(name)) {
          weights.add(new NamedWeight(name, tensor.shape(), values));
          continue;
        }
        int width = tensor.shape().rank() == 2 ? tensor.shape().get(1) : 1;
        float[] made = heads.remade(name, values.toArray(ValueLayout.JAVA_FLOAT), width, 96);
        weights.add(
            new NamedWeight(
                name,
                tensor.shape().rank() == 2
                    ? Shape.of(heads.rows(name), width)
                    : Shape.of(heads.rows(name)),
                arena.allocateFrom(ValueLayout.JAVA_FLOAT, made)));
      }
    }
    return weights;
  }

  private static List<String> found(Path model) {
    try (Detector detector = Detector.builder(model).backend(BackendKind.VECTOR).build()) {
      return detector.detect(project("docs/pictures/codes.jpg")).stream()
          .map(Detection::toString)
          .toList();
    }
  }

  @Test
  void theSameModelFindsTheSame() throws IOException {
    Path out = folder.resolve("same");
    export(CODES, null).write(out, weights(CODES), card(CODES));
    List<String> before = found(project("weights/codes/model"));
    assertEquals(4, before.size());
    assertEquals(before, found(out));
    assertArrayEquals(
        bytes("preprocessor_config.json"),
        Files.readAllBytes(out.resolve("preprocessor_config.json")));
    String card = Files.readString(out.resolve("README.md"));
    assertTrue(card.contains("# a\\|test"), card);
    assertTrue(card.contains("| AP | 0.123 |"), card);
  }

  @Test
  void keptClassesAreFoundUnderTheirNewNumbers() throws IOException {
    List<String> classes = List.of("cat", "aztec");
    Path out = folder.resolve("other");
    export(classes, null).write(out, weights(classes), card(classes));
    List<String> labels = found(out);
    assertEquals(1, labels.size(), labels.toString());
    assertTrue(labels.getFirst().contains("aztec"), labels.toString());
    JsonObject config = JsonObject.read(out.resolve("config.json"), TrainingException::new);
    assertEquals("aztec", config.object("id2label").string("1"));
    assertEquals(1, config.object("label2id").integer("aztec", 0, 10));
    assertEquals("float32", config.string("dtype"));
    assertEquals(2, config.object("id2label").names().size());
    assertFalse(config.has("num_labels"));
  }

  @Test
  void anExportReplacesTheOneBefore() throws IOException {
    Path out = folder.resolve("model");
    export(CODES, null).write(out, weights(CODES), card(CODES));
    export(CODES, new PixelSize(512, 256)).write(out, weights(CODES), card(CODES));
    JsonObject size =
        JsonObject.read(out.resolve("preprocessor_config.json"), TrainingException::new)
            .object("size");
    assertEquals(512, size.integer("width", 1, 1000));
    assertEquals(256, size.integer("height", 1, 1000));
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(List.of(out), files.toList());
    }
  }

  @Test
  void aWeightThatIsNotFiniteIsNotWritten() throws IOException {
    Path out = folder.resolve("model");
    List<NamedWeight> weights = weights(CODES);
    weights.getLast().values().set(ValueLayout.JAVA_FLOAT, 4, Float.NaN);
    ModelExport export = export(CODES, null);
    String message =
        assertThrows(TrainingException.class, () -> export.write(out, weights, card(CODES)))
            .getMessage();
    assertTrue(message.contains("holds NaN at element 1; nothing was written"), message);
    assertFalse(Files.exists(out));
  }

  @Test
  void detrIsExportedWithoutAuxiliaryLoss() {
    byte[] start =
        "{\"auxiliary_loss\": true, \"x\": [1, {\"y\": null}], \"num_labels\": 9}"
            .getBytes(StandardCharsets.UTF_8);
    JsonObject config =
        JsonObject.parse(
            "config.json", ConfigRewrite.config(start, List.of("a"), true), TrainingException::new);
    assertFalse(config.bool("auxiliary_loss", true));
    assertTrue(config.isList("x"));
    assertFalse(config.has("num_labels"));
  }
}
