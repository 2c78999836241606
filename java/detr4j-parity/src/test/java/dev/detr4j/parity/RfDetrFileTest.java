package dev.detr4j.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.Detections;
import dev.detr4j.Detector;
import dev.detr4j.DetectorSession;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.convert.HuggingFaceConversion;
import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.ImageException;
import dev.detr4j.image.ImageView;
import dev.detr4j.image.PixelValues;
import dev.detr4j.model.description.ModelSource;
import dev.detr4j.model.family.RecognitionOptions;
import dev.detr4j.parity.TorchFileWriter.Layout;
import dev.detr4j.parity.TorchFileWriter.PythonObject;
import dev.detr4j.parity.TorchFileWriter.StateDict;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * RF-DETR as roboflow stores it. Its norms of the projector add 1e-6, those of the stored outputs
 * 1e-5, so that its file is compared with a Hugging Face folder whose configuration says 1e-6; the
 * golden cases show that such folders are right.
 */
class RfDetrFileTest {
  private static final Path GOLDEN = Path.of("../../weights/golden");
  private static final String CASE = "models/hf_rfdetr_nano_original_names";
  private static final int SIDE = 384;

  @TempDir Path folder;

  private final GoldenCase golden = GoldenSet.open(GOLDEN).model(CASE);

  @Test
  void allFilesDetectTheSame() throws IOException {
    Path file = original(Map.of("num_windows", 2, "resolution", SIDE, "hidden_dim", 256));
    Path hub = huggingFace();
    Path converted = Files.createDirectory(folder.resolve("converted"));
    try (HuggingFaceConversion conversion =
        HuggingFaceConversion.open(file, RecognitionOptions.NONE, null)) {
      conversion.write(converted);
    }
    try (Detector one = detector(hub);
        Detector other = detector(file);
        Detector third = detector(converted)) {
      assertEquals(ModelSource.RF_DETR, other.model().source());
      for (Detector each : List.of(one, other, third)) {
        assertEquals("RF-DETR", each.model().architecture());
        assertEquals("nano", each.model().variant());
        assertEquals(300, each.model().queries());
      }
      assertArrayEquals(detect(one), detect(other));
      assertArrayEquals(detect(one), detect(third));
      // The image processor, too: the converted folder names RF-DETR's.
      assertArrayEquals(detectPhoto(one), detectPhoto(third));
      // Normalised in another order of the same steps; neighbours may change places.
      assertArrayEquals(scores(detectPhoto(one)), scores(detectPhoto(other)), 1e-5f);
      try (DetectorSession session = one.newSession()) {
        PixelValues wide =
            new PixelValues(MemorySegment.ofArray(new float[3 * 384 * 416]), 416, 384, 416, 384);
        ImageException error =
            assertThrows(
                ImageException.class, () -> session.detect(wide, session.newDetections(), 0));
        assertTrue(
            String.valueOf(error.getMessage()).contains("expected a square"), error::getMessage);
      }
    }
  }

  @Test
  void classesHaveTheNamesOfTheTrainingRunWhereTheyFit() throws IOException {
    List<String> names = IntStream.rangeClosed(1, 90).mapToObj(i -> "thing " + i).toList();
    try (Detector detector = detector(original(Map.of("class_names", names)))) {
      assertEquals("N/A", detector.labels().getFirst());
      assertEquals("thing 1", detector.labels().get(1));
      assertEquals("thing 90", detector.labels().get(90));
    }
    try (Detector detector = detector(original(Map.of("class_names", names.subList(0, 80))))) {
      assertEquals("cat", detector.labels().get(17));
    }
  }

  @Test
  void recordsThatContradictAreRefused() throws IOException {
    assertRefused(Map.of("bbox_reparam", false), "args.bbox_reparam is False, supported is True");
    assertRefused(Map.of("resolution", 400), "args.resolution is 400, expected a multiple of 32");
    assertRefused(
        Map.of("out_feature_indexes", List.of(3, 6, 9)),
        "the projector takes 1536 channels, expected at least 9 and 3 maps of 384");
    assertRefused(
        Map.of("out_feature_indexes", List.of(6, 3, 9, 12)),
        "args.out_feature_indexes is [6, 3, 9, 12], expected ascending numbers from 1");
    assertRefused(
        Map.of("out_feature_indexes", 12), "args.out_feature_indexes is 12, expected integers");
    assertRefused(Map.of("dec_layers", 3), "args.dec_layers is 3, but the tensors");
  }

  private void assertRefused(Map<String, Object> args, String message) throws IOException {
    Path file = original(args);
    CheckpointException error =
        assertThrows(CheckpointException.class, () -> detector(file).close());
    assertTrue(String.valueOf(error.getMessage()).contains(message), error::getMessage);
  }

  private static Detector detector(Path path) {
    return TestBackends.build(Detector.builder(path).threads(2).threshold(0), BackendKind.VECTOR);
  }

  private static float[] detect(Detector detector) {
    float[] pixels = new float[3 * SIDE * SIDE];
    Random random = new Random(5);
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = random.nextFloat();
    }
    try (DetectorSession session = detector.newSession()) {
      Detections found = session.newDetections();
      session.detect(
          new PixelValues(MemorySegment.ofArray(pixels), SIDE, SIDE, 640, 480), found, 0);
      return numbers(found);
    }
  }

  private static float[] detectPhoto(Detector detector) {
    byte[] pixels = new byte[3 * 200 * 150];
    new Random(6).nextBytes(pixels);
    try (DetectorSession session = detector.newSession()) {
      Detections found = session.newDetections();
      session.detect(ImageView.rgb(MemorySegment.ofArray(pixels), 200, 150), found, 0);
      return numbers(found);
    }
  }

  private static float[] scores(float[] numbers) {
    float[] scores = new float[numbers.length / 6];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = numbers[6 * i + 1];
    }
    return scores;
  }

  private static float[] numbers(Detections found) {
    float[] numbers = new float[6 * found.size()];
    for (int i = 0; i < found.size(); i++) {
      numbers[6 * i] = found.labelId(i);
      numbers[6 * i + 1] = found.score(i);
      numbers[6 * i + 2] = found.xMin(i);
      numbers[6 * i + 3] = found.yMin(i);
      numbers[6 * i + 4] = found.xMax(i);
      numbers[6 * i + 5] = found.yMax(i);
    }
    return numbers;
  }

  private Path huggingFace() throws IOException {
    Path hub = Files.createDirectories(folder.resolve("hub"));
    Map<String, Object> saved = new LinkedHashMap<>();
    StateDict.of(golden.checkpoint()).tensors().forEach(saved::put);
    TorchFileWriter.write(hub.resolve("pytorch_model.bin"), Layout.ZIP, saved);
    Files.copy(
        golden.folder().resolve("preprocessor_config.json"),
        hub.resolve("preprocessor_config.json"));
    String config = Files.readString(golden.folder().resolve("config.json"));
    String norms = "\"layer_norm_eps\": 1e-05";
    assertTrue(config.contains(norms), config);
    Files.writeString(
        hub.resolve("config.json"), config.replace(norms, "\"layer_norm_eps\": 1e-06"));
    return hub;
  }

  /** {@code {"model", "args"}}. */
  private Path original(Map<String, Object> args) throws IOException {
    Map<String, Object> saved = new LinkedHashMap<>();
    saved.put("model", StateDict.of(golden.checkpoint()));
    saved.put("args", new PythonObject("argparse", "Namespace", args));
    Path file = folder.resolve("checkpoint_best_regular.pth");
    TorchFileWriter.write(file, Layout.ZIP, saved);
    return file;
  }
}
