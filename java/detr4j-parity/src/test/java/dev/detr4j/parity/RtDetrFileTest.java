package dev.detr4j.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.detr4j.Detections;
import dev.detr4j.Detector;
import dev.detr4j.DetectorSession;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.checkpoint.StoredTensor;
import dev.detr4j.convert.HuggingFaceConversion;
import dev.detr4j.image.PixelValues;
import dev.detr4j.model.description.ModelSource;
import dev.detr4j.model.family.RecognitionOptions;
import dev.detr4j.parity.TorchFileWriter.Layout;
import dev.detr4j.parity.TorchFileWriter.StateDict;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The same weights in a Hugging Face folder and in the file of lyuwenyu/RT-DETR, with the running
 * average beside the last step, must detect the same on a square input. The golden cases are not
 * square: there the project numbers the cells of the position code otherwise.
 */
class RtDetrFileTest {
  private static final Path GOLDEN = Path.of("../../weights/golden");
  private static final Path LISTS =
      Path.of("../detr4j/src/test/resources/dev/detr4j/checkpoint/names/families");
  private static final Pattern SLICE = Pattern.compile("(.+)\\[(\\d+):(\\d+)]");
  private static final int SIDE = 256;

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "hf_rtdetr_r18vd, rtdetr_r18vd, r18vd",
    "hf_rtdetr_v2_r50vd, rtdetr_v2_r50vd, r50vd",
  })
  void bothFilesDetectTheSame(String goldenCase, String list, String variant) throws IOException {
    GoldenCase golden = GoldenSet.open(GOLDEN).model("models/" + goldenCase);
    Path file = original(golden, list);
    Path hub = huggingFace(golden);
    Path converted = Files.createDirectory(folder.resolve("converted"));
    try (HuggingFaceConversion conversion =
        HuggingFaceConversion.open(file, RecognitionOptions.NONE, null)) {
      conversion.write(converted);
      assertEquals(2, conversion.notes().size());
    }
    try (Detector one = detector(hub);
        Detector other = detector(file);
        Detector third = detector(converted)) {
      assertEquals(ModelSource.RT_DETR, other.model().source());
      assertEquals(variant, other.model().variant());
      assertEquals(one.model().architecture(), other.model().architecture());
      assertEquals(300, other.model().queries());
      assertArrayEquals(detect(one), detect(other));
      assertEquals(ModelSource.HUGGING_FACE, third.model().source());
      assertEquals(one.model().architecture(), third.model().architecture());
      assertArrayEquals(detect(one), detect(third));
    }
  }

  /** A variant that no tensor tells is what the caller says. */
  @Test
  void takesDiscreteSamplingFromTheVariant() throws IOException {
    GoldenCase golden = GoldenSet.open(GOLDEN).model("models/hf_rtdetr_v2_r50vd");
    Path file = original(golden, "rtdetr_v2_r50vd");
    try (Detector bilinear = detector(file);
        Detector discrete =
            TestBackends.build(
                Detector.builder(file).threads(2).variant("r50vd-discrete"), BackendKind.C)) {
      assertEquals("RT-DETRv2, discrete sampling", discrete.model().architecture());
      assertEquals("RT-DETRv2", bilinear.model().architecture());
    }
  }

  private static Detector detector(Path path) {
    return TestBackends.build(Detector.builder(path).threads(2).threshold(0), BackendKind.C);
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
  }

  private Path huggingFace(GoldenCase golden) throws IOException {
    Path hub = Files.createDirectories(folder.resolve("hub"));
    Map<String, Object> saved = new LinkedHashMap<>();
    StateDict.of(golden.checkpoint()).tensors().forEach(saved::put);
    TorchFileWriter.write(hub.resolve("pytorch_model.bin"), Layout.ZIP, saved);
    for (String name : List.of("config.json", "preprocessor_config.json")) {
      Files.copy(golden.folder().resolve(name), hub.resolve(name));
    }
    return hub;
  }

  /** {@code {"ema": {"module", "updates"}, "model", "last_epoch"}}, under the project's names. */
  private Path original(GoldenCase golden, String list) throws IOException {
    FormulaCheckpoint weights = golden.checkpoint();
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    Map<String, List<StoredTensor>> slices = new LinkedHashMap<>();
    List<String> lines = Files.readAllLines(LISTS.resolve(list + ".tsv"));
    for (String line : lines.subList(1, lines.size())) {
      String[] cells = line.split("\t", -1);
      Matcher slice = SLICE.matcher(cells[2]);
      if (slice.matches()) {
        List<StoredTensor> parts =
            slices.computeIfAbsent(slice.group(1), name -> new ArrayList<>(List.of()));
        parts.add(weights.tensor(cells[0]));
      } else {
        tensors.put(cells[2], weights.tensor(cells[0]));
      }
    }
    slices.forEach((name, parts) -> {
      // The list has keys, values and queries; the file queries, keys and values.
      List<StoredTensor> inOrder =
          List.of(named(parts, ".q_proj."), named(parts, ".k_proj."), named(parts, ".v_proj."));
      tensors.put(name, PublishedFile.joined(inOrder));
    });
    StateDict last = new StateDict(Map.of("backbone.unused", tensors.values().iterator().next()));
    Map<String, Object> saved = new LinkedHashMap<>();
    saved.put("last_epoch", 71);
    saved.put("model", last);
    saved.put("ema", Map.of("module", new StateDict(tensors), "updates", 12345));
    Path file = folder.resolve(list + ".pth");
    TorchFileWriter.write(file, Layout.ZIP, saved);
    return file;
  }

  private static StoredTensor named(List<StoredTensor> parts, String part) {
    return parts.stream().filter(each -> each.name().contains(part)).findFirst().orElseThrow();
  }
}
