package dev.detr4j.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.Detections;
import dev.detr4j.Detector;
import dev.detr4j.DetectorBuilder;
import dev.detr4j.DetectorSession;
import dev.detr4j.checkpoint.StoredType;
import dev.detr4j.convert.HuggingFaceConversion;
import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.ModelConfigException;
import dev.detr4j.image.PixelValues;
import dev.detr4j.model.ModelFamilies;
import dev.detr4j.model.convnext.ConvNextV2Config;
import dev.detr4j.model.deformable.DeformableDetrConfig;
import dev.detr4j.model.description.ModelSource;
import dev.detr4j.model.detr.DetrConfig;
import dev.detr4j.model.family.BackboneConfig;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.family.RecognitionOptions;
import dev.detr4j.model.family.WeightSource;
import dev.detr4j.model.names.NameTable;
import dev.detr4j.model.names.TableNames;
import dev.detr4j.model.names.TensorNames;
import dev.detr4j.model.resnet.ResNetConfig;
import dev.detr4j.op.Activation;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Small models under the names of each project, from the file to detections. */
class RecognisedDetectorTest {
  static final ModelConfig.TransformerConfig TRANSFORMER =
      new ModelConfig.TransformerConfig(32, 1, 8, 16, 2, 8, 16, Activation.RELU);
  private static final BackboneConfig CONV_NEXT =
      new ConvNextV2Config(List.of(1, 1, 1, 1), List.of(4, 8, 12, 16), List.of(1, 2, 3, 4));

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "detr, 'DETR', 91, person, 0",
    "deformable-detr, 'Deformable DETR', 91, person, 0",
    "detrex, 'Deformable DETR, box refinement, two-stage', 80, person, 0",
    "birder, 'Deformable DETR, box refinement', 92, person, 1",
  })
  void detects(String id, String architecture, int labels, String first, int background)
      throws IOException {
    Path file = write(ModelSource.of(id));
    try (Detector detector = Detector.builder(file).threads(2).threshold(0).build();
        DetectorSession session = detector.newSession()) {
      assertEquals(architecture, detector.model().architecture());
      assertEquals(labels, detector.labels().size());
      assertTrue(detector.labels().indexOf(first) <= 1, detector.labels()::toString);
      Detections found = session.newDetections();
      session.detect(SmallModel.picture(60, 45, 7), found);
      assertTrue(found.size() > 0);
      for (int i = 0; i < found.size(); i++) {
        assertTrue(found.score(i) > 0 && found.score(i) <= 1);
        assertTrue(found.labelId(i) >= background && found.labelId(i) < labels);
      }
    }
  }

  /** The widths are none of timm's: the backbone becomes transformers' own ResNet. */
  @ParameterizedTest
  @ValueSource(strings = {"detr", "deformable-detr"})
  void convertedFindsTheSame(String id) throws IOException {
    Path file = write(ModelSource.of(id));
    Path converted = Files.createDirectory(folder.resolve("converted"));
    Path labels = folder.resolve("labels.txt");
    Files.writeString(labels, "kind\n".repeat(90) + "last kind\n");
    try (HuggingFaceConversion conversion =
        HuggingFaceConversion.open(file, RecognitionOptions.NONE, labels)) {
      conversion.write(converted);
    }
    assertEquals(detections(file), detections(converted));
    try (Detector detector = Detector.builder(converted).threads(1).build()) {
      assertEquals("last kind", detector.labels().getLast());
    }
    assertThrows(
        ModelConfigException.class,
        () -> HuggingFaceConversion.open(converted, RecognitionOptions.NONE, labels));
    RecognitionOptions dilated = new RecognitionOptions(null, "r14-dc5", null);
    if (id.equals("detr")) {
      assertThrows(
          ModelConfigException.class, () -> HuggingFaceConversion.open(file, dilated, null));
    }
  }

  /** What a model finds in one network input, every bit of it. */
  private static List<String> detections(Path model) {
    float[] pixels = new float[3 * 40 * 56];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (float) Math.sin(0.37 * i);
    }
    try (Detector detector = Detector.builder(model).threads(2).threshold(0).build();
        DetectorSession session = detector.newSession()) {
      Detections found = session.newDetections();
      session.detect(new PixelValues(MemorySegment.ofArray(pixels), 56, 40, 112, 80), found, 0);
      List<String> lines = new ArrayList<>();
      for (int i = 0; i < found.size(); i++) {
        lines.add(
            found.labelId(i)
                + " "
                + List.of(
                    found.score(i), found.xMin(i), found.yMin(i), found.xMax(i), found.yMax(i)));
      }
      assertTrue(!lines.isEmpty());
      return lines;
    }
  }

  @Test
  void sourceAndVariantMustFitTheFile() throws IOException {
    Path file = write(ModelSource.DETR);
    assertEquals(
        "DETR, DC5",
        architecture(Detector.builder(file).source(ModelSource.DETR).variant("r14-dc5")));
    assertThrows(
        CheckpointException.class,
        () -> architecture(Detector.builder(file).source(ModelSource.DETREX)));
    assertThrows(
        CheckpointException.class, () -> architecture(Detector.builder(file).variant("two-stage")));
    Path huggingFace = SmallModel.writeBelow(folder);
    assertThrows(
        ModelConfigException.class,
        () -> architecture(Detector.builder(huggingFace).source(ModelSource.BIRDER)));
  }

  private static String architecture(DetectorBuilder builder) {
    try (Detector detector = builder.threads(1).build()) {
      return detector.model().architecture();
    }
  }

  private static ModelConfig config(ModelSource source) {
    List<String> classes = Collections.nCopies(source == ModelSource.DETREX ? 80 : 91, "");
    return switch (source) {
      case DETR -> new DetrConfig(resNet(List.of(4)), TRANSFORMER, 9, classes);
      case BIRDER ->
          deformable(CONV_NEXT, true, false, classes, DeformableDetrConfig.Numerics.BIRDER);
      case DETREX ->
          deformable(
              resNet(List.of(2, 3, 4)), true, true, classes, DeformableDetrConfig.Numerics.DETREX);
      default ->
          deformable(
              resNet(List.of(2, 3, 4)),
              false,
              false,
              classes,
              DeformableDetrConfig.Numerics.STANDARD);
    };
  }

  static NameTable table(ModelSource source) {
    return ModelFamilies.ALL.list().stream()
        .flatMap(family -> family.formats().stream())
        .filter(format -> format.source() == source)
        .findFirst()
        .orElseThrow()
        .names();
  }

  static ResNetConfig resNet(List<Integer> taps) {
    return new ResNetConfig(
        ResNetConfig.Block.BOTTLENECK,
        4,
        List.of(1, 1, 1, 1),
        List.of(8, 16, 24, 32),
        false,
        false,
        32,
        taps,
        ResNetConfig.Origin.TIMM);
  }

  private static ModelConfig deformable(
      BackboneConfig backbone,
      boolean refine,
      boolean twoStage,
      List<String> classes,
      DeformableDetrConfig.Numerics numerics) {
    return new DeformableDetrConfig(
        backbone, TRANSFORMER, 4, 4, 4, refine, twoStage, 300, classes, numerics);
  }

  private Path write(ModelSource source) throws IOException {
    Path file = folder.resolve("small.safetensors");
    FormulaCheckpointWriter.write(tensors(source, config(source), folder), file, StoredType.F32);
    return file;
  }

  /** What a model asks for, under the names of the source. */
  static FormulaCheckpoint tensors(ModelSource source, ModelConfig config, Path folder)
      throws IOException {
    TensorNames names = new TableNames(table(source), config.tiedHeads(), "");
    Map<String, String> tensors = new LinkedHashMap<>();
    boolean refines =
        config instanceof DeformableDetrConfig deformable && deformable.withBoxRefine();
    Recorder recorder = new Recorder(names, refines, tensors);
    config.network(recorder);
    Path manifest = folder.resolve("manifest.json");
    Files.writeString(
        manifest,
        "{\"case\": \"small\", \"seed\": 5, \"tensors\": ["
            + String.join(",\n", tensors.values())
            + "]}");
    return FormulaCheckpoint.read(manifest);
  }

  private record Recorder(TensorNames names, boolean refines, Map<String, String> tensors)
      implements WeightSource {
    @Override
    public Weight get(String canonicalName, Shape expected, String reason) {
      int[] extents = expected.toArray();
      extents[0] *= names.rows(canonicalName, names.candidates(canonicalName).getFirst()).of();
      String shape =
          Arrays.stream(extents).mapToObj(Integer::toString).collect(Collectors.joining(", "));
      List<String> stored = new ArrayList<>(names.candidates(canonicalName));
      // Heads are members of the decoder only where it refines boxes.
      stored.removeIf(name -> !refines && name.matches(".*decoder\\.(bbox|class)_embed.*"));
      String original = stored.getFirst();
      for (String name : stored) {
        // Norms scale around 1, and variances are positive.
        String values =
            name.equals(original)
                ? "\"base\": %s, \"scale\": 0.3".formatted(extents.length == 1 ? "0.5" : "0")
                : "\"alias_of\": \"" + original + "\"";
        tensors.put(
            name,
            "{\"key\": \"%s\", \"shape\": [%s], \"dtype\": \"F32\", %s}"
                .formatted(name, shape, values));
      }
      return new Weight() {
        @Override
        public String name() {
          return canonicalName;
        }

        @Override
        public Shape shape() {
          return expected;
        }

        @Override
        public void read(MemorySegment destination) {
          throw new AssertionError("nobody packs these");
        }
      };
    }

    @Override
    public void finish() {}
  }
}
