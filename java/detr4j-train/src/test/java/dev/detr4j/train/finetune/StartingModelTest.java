package dev.detr4j.train.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.Detection;
import dev.detr4j.Detector;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.checkpoint.SafetensorsFile;
import dev.detr4j.model.family.RecognitionOptions;
import dev.detr4j.tensor.Shape;
import dev.detr4j.train.export.ModelExport;
import dev.detr4j.train.fault.Findings;
import dev.detr4j.train.head.ClassMap;
import dev.detr4j.train.head.HeadPolicy;
import dev.detr4j.train.prepare.ModelDescription;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The default model with heads for other classes: it loads, and finds the class that it knew. */
class StartingModelTest {
  private static final List<String> CODES =
      List.of("qr_code", "data_matrix", "aztec", "pdf417", "barcode");

  @TempDir Path folder;

  private static Path project(String path) {
    Path at = Path.of("").toAbsolutePath();
    while (!Files.exists(at.resolve(path))) {
      at = at.getParent();
    }
    return at.resolve(path);
  }

  @Test
  void theFolderIsAModelWithTheClassesOfTheData() throws IOException {
    ClassMap heads =
        ClassMap.of(CODES, List.of("stamp", "aztec"), HeadPolicy.BY_NAME, new Findings());
    Path start = folder.resolve("start");
    Path converted = folder.resolve("converted");
    assertEquals(
        List.of(),
        StartingModel.convert(
            project("weights/codes/model"), RecognitionOptions.NONE, null, converted));
    ModelDescription description = ModelDescription.read(converted, "codes");
    assertEquals(CODES, description.labels());
    assertEquals(3, description.decoderLayers());
    assertEquals(3, description.proposalsHead());
    assertFalse(description.softmax());
    assertEquals(64, description.digest().length());
    StartingModel.write(converted, description, heads, 1, start);
    ModelExport.discard(converted);
    try (Detector detector = Detector.builder(start).backend(BackendKind.VECTOR).build()) {
      assertEquals(List.of("stamp", "aztec"), detector.labels());
      List<String> found =
          detector.detect(project("docs/pictures/codes.jpg")).stream()
              .map(Detection::toString)
              .toList();
      assertTrue(found.size() == 1 && found.getFirst().contains("aztec"), found.toString());
    }
    String proposals = "model.decoder.class_embed.3.weight";
    try (SafetensorsFile before =
            SafetensorsFile.open(project("weights/codes/model/model.safetensors"));
        SafetensorsFile after = SafetensorsFile.open(start.resolve("model.safetensors"))) {
      assertEquals(Shape.of(2, 96), after.tensor(proposals).shape());
      assertEquals(before.names(), after.names());
      try (Arena arena = Arena.ofConfined()) {
        var old = arena.allocate(4L * 5 * 96);
        before.tensor(proposals).read(old);
        var kept = arena.allocate(4L * 2 * 96);
        after.tensor(proposals).read(kept);
        assertEquals(-1, old.asSlice(0, 4 * 96).mismatch(kept.asSlice(0, 4 * 96)));
      }
    }
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(List.of(start), files.toList());
    }
  }
}
