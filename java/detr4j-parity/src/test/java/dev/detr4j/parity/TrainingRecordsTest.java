package dev.detr4j.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.Detector;
import dev.detr4j.DetectorBuilder;
import dev.detr4j.checkpoint.StoredTensor;
import dev.detr4j.checkpoint.TorchCheckpoint;
import dev.detr4j.convert.HuggingFaceConversion;
import dev.detr4j.error.CheckpointException;
import dev.detr4j.model.ModelFamilies;
import dev.detr4j.model.deformable.DeformableDetrConfig;
import dev.detr4j.model.description.Assumption;
import dev.detr4j.model.description.ModelSource;
import dev.detr4j.model.detr.DetrConfig;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.family.RecognisedModel;
import dev.detr4j.model.family.RecognitionOptions;
import dev.detr4j.parity.TorchFileWriter.Layout;
import dev.detr4j.parity.TorchFileWriter.PythonObject;
import dev.detr4j.parity.TorchFileWriter.StateDict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Files as training leaves them: what the projects store beside the state dict decides what no
 * tensor tells, and what training leaves in the state dict does not matter.
 */
class TrainingRecordsTest {
  private static final List<String> PETS = List.of("cat", "dog", "bird");

  @TempDir Path folder;

  private StateDict detr() throws IOException {
    return StateDict.of(
        RecognisedDetectorTest.tensors(
            ModelSource.DETR,
            new DetrConfig(
                RecognisedDetectorTest.resNet(List.of(4)),
                RecognisedDetectorTest.TRANSFORMER,
                9,
                PETS),
            folder));
  }

  private StateDict deformable(ModelSource source, boolean twoStage) throws IOException {
    return StateDict.of(
        RecognisedDetectorTest.tensors(
            source,
            new DeformableDetrConfig(
                RecognisedDetectorTest.resNet(List.of(2, 3, 4)),
                RecognisedDetectorTest.TRANSFORMER,
                4,
                4,
                4,
                twoStage,
                twoStage,
                9,
                PETS,
                source == ModelSource.MMDETECTION
                    ? DeformableDetrConfig.Numerics.MMDETECTION
                    : DeformableDetrConfig.Numerics.STANDARD),
            folder));
  }

  private Path write(String key, StateDict state, String besides, Object value) throws IOException {
    Map<String, Object> saved = new LinkedHashMap<>();
    saved.put(key, state);
    saved.put(besides, value);
    Path file = folder.resolve("trained.pth");
    TorchFileWriter.write(file, Layout.LEGACY, saved);
    return file;
  }

  private Path writeArguments(StateDict state, Object... namesAndValues) throws IOException {
    Map<String, Object> arguments = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      arguments.put((String) namesAndValues[i], namesAndValues[i + 1]);
    }
    return write("model", state, "args", new PythonObject("argparse", "Namespace", arguments));
  }

  private static RecognisedModel recognise(Path file, RecognitionOptions options) {
    try (TorchCheckpoint checkpoint = TorchCheckpoint.open(file)) {
      return ModelFamilies.ALL.recognise(checkpoint, options);
    }
  }

  private static ModelConfig config(Path file) {
    return recognise(file, RecognitionOptions.NONE).config();
  }

  private static List<String> assumed(Path file) {
    return recognise(file, RecognitionOptions.NONE).assumed().stream()
        .map(Assumption::what)
        .toList();
  }

  private static void assertRefused(Path file, String message) {
    String actual =
        assertThrows(CheckpointException.class, () -> recognise(file, RecognitionOptions.NONE))
            .getMessage();
    assertEquals("checkpoint trained.pth: " + message, actual);
  }

  @Test
  void argumentsOfDetrDecideWhatNoTensorTells() throws IOException {
    Path file =
        writeArguments(
            detr(),
            "nheads",
            4,
            "dilation",
            true,
            "num_queries",
            9,
            "hidden_dim",
            32,
            "backbone",
            "resnet50",
            "position_embedding",
            "sine",
            "pre_norm",
            false,
            "device",
            "cuda",
            "frozen_weights",
            null);
    ModelConfig config = config(file);
    assertEquals("r14-dc5", config.variant());
    assertEquals(4, config.transformer().encoderHeads());
    assertEquals(4, config.transformer().decoderHeads());
    assertEquals(List.of("the 3 classes are called LABEL_0 to LABEL_2"), assumed(file));
    try (Detector detector = Detector.builder(file).threads(1).build()) {
      assertEquals("DETR, DC5", detector.model().architecture());
    }
  }

  @Test
  void argumentsOfDeformableDetrDecideWhatNoTensorTells() throws IOException {
    StateDict state = deformable(ModelSource.DEFORMABLE_DETR, true);
    Path file =
        writeArguments(
            state,
            "two_stage",
            true,
            "with_box_refine",
            true,
            "num_queries",
            100,
            "nheads",
            4,
            "num_feature_levels",
            4,
            "enc_n_points",
            8,
            "dec_n_points",
            8,
            "dilation",
            false);
    DeformableDetrConfig config = (DeformableDetrConfig) config(file);
    assertEquals(100, config.numQueries());
    assertEquals(4, config.transformer().decoderHeads());
    assertEquals(8, config.encoderPoints());
    assertEquals(List.of("the 3 classes are called LABEL_0 to LABEL_2"), assumed(file));
  }

  @Test
  void aDilatedStageBelowSeveralLevelsIsTakenFromTheArguments() throws IOException {
    StateDict state = deformable(ModelSource.DEFORMABLE_DETR, false);
    assertEquals("plain-dc5", config(writeArguments(state, "dilation", true)).variant());
    assertEquals("plain", config(writeArguments(state, "dilation", false)).variant());
  }

  @Test
  void argumentsMayBeAPlainDict() throws IOException {
    assertEquals(
        "r14-dc5", config(write("model", detr(), "args", Map.of("dilation", true))).variant());
    assertEquals("r14", config(write("model", detr(), "args", "--dilation")).variant());
  }

  @Test
  void theCallerWinsOverTheFile() throws IOException {
    Path file = writeArguments(detr(), "dilation", true, "nheads", 4);
    RecognitionOptions said = new RecognitionOptions(null, "r14", null, 2);
    ModelConfig config = recognise(file, said).config();
    assertEquals("r14", config.variant());
    assertEquals(2, config.transformer().encoderHeads());
    Path twoStage =
        writeArguments(deformable(ModelSource.DEFORMABLE_DETR, true), "num_queries", 100);
    assertEquals(
        50, recognise(twoStage, new RecognitionOptions(null, null, 50)).config().numQueries());
    DetectorBuilder builder = Detector.builder(twoStage).proposals(50).heads(4).threads(1);
    try (Detector detector = builder.build()) {
      assertEquals(50, detector.model().queries());
      assertTrue(
          detector.model().assumed().stream().noneMatch(each -> each.what().contains("heads")));
    }
  }

  @Test
  void withoutRecordsHeadsAreAssumedAndCanBeSaid() throws IOException {
    Path file = write("model", detr(), "epoch", 3);
    assertEquals(
        List.of("heads N", "labels FILE", "variant r14-dc5"),
        recognise(file, RecognitionOptions.NONE).assumed().stream()
            .map(Assumption::otherwise)
            .toList());
    String message =
        assertThrows(
                CheckpointException.class,
                () -> recognise(file, new RecognitionOptions(null, null, null, 7)))
            .getMessage();
    assertEquals(
        "checkpoint trained.pth: tokens have 32 channels, expected a multiple of 7 heads (as requested)",
        message);
  }

  @ParameterizedTest
  @CsvSource({
    "num_queries, 100, num_queries = 9",
    "hidden_dim, 256, hidden_dim = 32",
    "enc_layers, 6, enc_layers = 1",
    "dec_layers, 6, dec_layers = 2",
    "dim_feedforward, 2048, dim_feedforward = 16",
  })
  void argumentsThatContradictTheTensorsAreAnError(String name, int given, String inTensors)
      throws IOException {
    assertRefused(
        writeArguments(detr(), name, given),
        "args.%s is %d, but the tensors are those of a model with %s"
            .formatted(name, given, inTensors));
  }

  @Test
  void argumentsThatContradictTheTensorsOfADeformableModelAreAnError() throws IOException {
    StateDict plain = deformable(ModelSource.DEFORMABLE_DETR, false);
    assertRefused(
        writeArguments(plain, "two_stage", true),
        "args.two_stage is True, but the tensors are those of a model with two_stage = False");
    assertRefused(
        writeArguments(plain, "num_feature_levels", 1),
        "args.num_feature_levels is 1, but the tensors are those of a model with num_feature_levels = 4");
    assertRefused(
        writeArguments(plain, "nheads", 4, "enc_n_points", 4),
        "args.enc_n_points is 4, but the tensors are those of a model with enc_n_points = 8");
    assertRefused(
        writeArguments(plain, "nheads", 5),
        "tokens have 32 channels, expected a multiple of 5 heads (as args.nheads says)");
  }

  @Test
  void argumentsThatAreNotWhatTheyShouldBeAreAnError() throws IOException {
    assertRefused(
        writeArguments(detr(), "nheads", "eight"),
        "args.nheads is eight, expected an integer from 1 to 1048576");
    assertRefused(
        writeArguments(detr(), "nheads", 0),
        "args.nheads is 0, expected an integer from 1 to 1048576");
    assertRefused(
        writeArguments(detr(), "dilation", 7), "args.dilation is 7, expected True or False");
    assertRefused(
        writeArguments(detr(), "pre_norm", true),
        "args.pre_norm is True, supported are post-norm transformers only");
    assertRefused(
        writeArguments(detr(), "position_embedding", "learned"),
        "args.position_embedding is \"learned\", supported is sine");
  }

  private Path mmdetection(Object meta) throws IOException {
    return write("state_dict", deformable(ModelSource.MMDETECTION, false), "meta", meta);
  }

  @Test
  void mmdetectionNamesItsClasses() throws IOException {
    Object[] tuple = {"cat", "dog", "bird"};
    for (Object meta :
        List.of(
            Map.of("CLASSES", tuple, "PALETTE", List.of()),
            Map.of("CLASSES", PETS),
            Map.of("CLASSES", Map.of(0, "cat", 2, "bird", 1, "dog")),
            Map.of("CLASSES", Map.of("cat", 0, "bird", 2, "dog", 1)),
            Map.of("dataset_meta", Map.of("classes", tuple, "palette", List.of(1, 2, 3))),
            Map.of("dataset_meta", Map.of("CLASSES", PETS), "CLASSES", List.of("x")),
            Map.of("dataset_meta", List.of(Map.of("classes", tuple), Map.of("classes", tuple))),
            Map.of("dataset_meta", new PythonObject("a", "Config", Map.of("classes", tuple))))) {
      Path file = mmdetection(meta);
      assertEquals(PETS, config(file).labels(), meta::toString);
      assertEquals(List.of("attention has 8 heads, as in all published models"), assumed(file));
    }
  }

  @Test
  void theNamesOfMmdetectionAreConverted() throws IOException {
    Path file = mmdetection(Map.of("CLASSES", PETS));
    Path converted = Files.createDirectory(folder.resolve("converted"));
    try (HuggingFaceConversion conversion =
        HuggingFaceConversion.open(file, RecognitionOptions.NONE, null)) {
      conversion.write(converted);
    }
    assertEquals(PETS, ModelFamilies.ALL.read(converted.resolve("config.json")).labels());
    try (Detector detector = Detector.builder(file).threads(1).build()) {
      assertEquals(PETS, detector.labels());
    }
  }

  @Test
  void namesThatDoNotFitTheClassHeadAreSaid() throws IOException {
    assertTrue(
        assumed(mmdetection(Map.of("CLASSES", List.of("cat", "dog"))))
            .contains("the 3 classes are called LABEL_0 to LABEL_2 (meta.CLASSES lists 2)"));
    assertTrue(
        assumed(mmdetection(Map.of("CLASSES", List.of("cat", List.of(), "bird"))))
            .contains("the 3 classes are called LABEL_0 to LABEL_2"));
  }

  @Test
  void theConfigurationOfMmdetectionCountsItsProposals() throws IOException {
    StateDict state = deformable(ModelSource.MMDETECTION, true);
    String text = "model = dict(\n    type='DeformableDETR',\n    num_queries=120,\n";
    Path file = write("state_dict", state, "meta", Map.of("cfg", text));
    assertEquals(120, config(file).numQueries());
    file = write("state_dict", state, "meta", Map.of("cfg", text + "num_query = 90)"));
    assertEquals(300, config(file).numQueries());
    assertTrue(assumed(file).contains("the 300 best proposals become queries"));
  }

  private static StateDict with(StateDict state, Map<String, StoredTensor> more) {
    Map<String, StoredTensor> all = new LinkedHashMap<>(state.tensors());
    all.putAll(more);
    return new StateDict(all);
  }

  /** As the EMA hooks of mmcv and others name them. */
  @ParameterizedTest
  @ValueSource(strings = {"ema_", "ema.", "ema_model.", "model_ema.module.", "ema_model.module."})
  void runningAveragesOfTrainingAreLeftOut(String prefix) throws IOException {
    StateDict state = deformable(ModelSource.MMDETECTION, false);
    Map<String, StoredTensor> averages = new LinkedHashMap<>();
    state
        .tensors()
        .forEach((name, tensor) ->
            averages.put(prefix + (prefix.equals("ema_") ? name.replace('.', '_') : name), tensor));
    Path file = write("state_dict", with(state, averages), "meta", Map.of("CLASSES", PETS));
    try (Detector detector = Detector.builder(file).threads(1).build()) {
      assertEquals(PETS, detector.labels());
      assertTrue(
          detector.model().assumed().stream()
              .anyMatch(each ->
                  each.what()
                      .startsWith(averages.size() + " running averages of training (" + prefix)),
          () -> detector.model().assumed().toString());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"module.", "model."})
  void aModelInItsWrapperMayHaveAveragesBesideIt(String wrapper) throws IOException {
    StateDict state = detr();
    Map<String, StoredTensor> wrapped = new LinkedHashMap<>();
    state
        .tensors()
        .forEach((name, tensor) -> {
          wrapped.put(wrapper + name, tensor);
          wrapped.put("ema_" + name.replace('.', '_'), tensor);
        });
    wrapped.put("n_averaged", state.tensors().values().iterator().next());
    Path file = write("model", new StateDict(wrapped), "epoch", 3);
    try (Detector detector = Detector.builder(file).threads(1).build()) {
      assertEquals("DETR", detector.model().architecture());
    }
  }

  @Test
  void whatIsNoAverageOfATensorIsStillRefused() throws IOException {
    StateDict state = detr();
    Path file =
        write(
            "model",
            with(state, Map.of("ema_something_else", state.tensors().get("query_embed.weight"))),
            "epoch",
            3);
    String message =
        assertThrows(
                CheckpointException.class, () -> Detector.builder(file).threads(1).build().close())
            .getMessage();
    assertTrue(message.contains("1 unexpected tensor: ema_something_else"), message);
  }
}
