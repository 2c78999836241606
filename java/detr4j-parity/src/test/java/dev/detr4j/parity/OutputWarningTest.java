package dev.detr4j.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.Detections;
import dev.detr4j.Detector;
import dev.detr4j.DetectorBuilder;
import dev.detr4j.DetectorSession;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.image.ImageView;
import dev.detr4j.image.PixelValues;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Weights that are finite each and too large together. */
class OutputWarningTest {
  private static final String OVERFLOW =
      "the network's output holds NaN or infinity, so detections are missing or wrong; first seen in the output of"
          + " step encoder.0.ffn.fc1 (Linear)";

  @TempDir private Path temporary;
  private Path model;
  private final List<String> warnings = new ArrayList<>();

  @BeforeEach
  void writeModel() {
    model = SmallModel.writeBelow(temporary);
  }

  @ParameterizedTest
  @EnumSource(names = {"REFERENCE", "VECTOR", "C"})
  void namesTheFirstStep(BackendKind backend) throws IOException {
    change("model.encoder.layers.0.fc1.weight", x -> x < 0 ? -3e38f : 3e38f);
    try (Detector detector = open(backend);
        DetectorSession session = detector.newSession()) {
      Detections found = session.newDetections();
      ImageView picture = SmallModel.picture(96, 64, 1);
      session.detect(picture, found);
      assertEquals(List.of(OVERFLOW), warnings);
      session.detect(
          List.of(picture, picture),
          List.of(session.newDetections(), session.newDetections()),
          0.5f);
      assertEquals(List.of(OVERFLOW, OVERFLOW), warnings);
    }
  }

  @Test
  void theLogTakesTheFirstOfEachSession() throws IOException {
    change("model.encoder.layers.0.fc1.weight", x -> 3e38f);
    Logger log = Logger.getLogger("dev.detr4j");
    List<String> lines = new ArrayList<>();
    Handler handler =
        new Handler() {
          @Override
          public void publish(LogRecord record) {
            lines.add(record.getLevel() + ": " + record.getMessage());
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    log.addHandler(handler);
    log.setUseParentHandlers(false);
    try (Detector detector =
            Detector.builder(model).backend(BackendKind.REFERENCE).threads(1).build();
        DetectorSession session = detector.newSession()) {
      Detections found = session.newDetections();
      session.detect(SmallModel.picture(96, 64, 1), found);
      session.detect(SmallModel.picture(96, 64, 2), found);
    } finally {
      log.setUseParentHandlers(true);
      log.removeHandler(handler);
    }
    assertEquals(List.of("WARNING: " + OVERFLOW), lines);
  }

  /** The network is sound, and an input with NaN is not the fault of a step. */
  @Test
  void anInputThatIsNotFiniteIsNamed() {
    try (Detector detector = open(BackendKind.REFERENCE);
        DetectorSession session = detector.newSession()) {
      Detections found = session.newDetections();
      session.detect(SmallModel.picture(96, 64, 1), found);
      assertEquals(List.of(), warnings);
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment pixels = arena.allocate(ValueLayout.JAVA_FLOAT, 64 * 64 * 3);
        pixels.setAtIndex(ValueLayout.JAVA_FLOAT, 17, Float.NaN);
        session.detect(new PixelValues(pixels, 64, 64, 64, 64), found, 0.5f);
      }
    }
    assertEquals(1, warnings.size(), warnings.toString());
    assertTrue(warnings.getFirst().endsWith("first seen in its input"), warnings.getFirst());
  }

  /** Attention scores of 1e8 and more: one key takes all the weight, in every backend. */
  @ParameterizedTest
  @EnumSource(names = {"VECTOR", "C"})
  void hugeScoresAreNoNaN(BackendKind backend) throws IOException {
    change("model.decoder.layers.0.self_attn.q_proj.weight", x -> 1e8f * x);
    float[] expected = logits(BackendKind.REFERENCE);
    float[] actual = logits(backend);
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], actual[i], 1e-3f * (1 + Math.abs(expected[i])), "logit " + i);
    }
    assertEquals(List.of(), warnings);
  }

  private float[] logits(BackendKind backend) {
    try (Detector detector = open(backend);
        DetectorSession session = detector.newSession()) {
      ImageView picture = SmallModel.picture(96, 64, 3);
      session.detect(picture, session.newDetections());
      return session.stages(picture, List.of("logits")).getFirst().values();
    }
  }

  private Detector open(BackendKind backend) {
    DetectorBuilder builder = Detector.builder(model).threads(1).warnings(warnings::add);
    return TestBackends.build(builder, backend);
  }

  /** Changes every value of an fp32 tensor in the safetensors file. */
  private void change(String tensor, UnaryOperator<Float> rule) throws IOException {
    Path file = model.resolve("model.safetensors");
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    int headerBytes = Math.toIntExact(bytes.getLong(0));
    String header = new String(bytes.array(), 8, headerBytes, StandardCharsets.UTF_8);
    Matcher place =
        Pattern.compile(
                "\""
                    + Pattern.quote(tensor)
                    + "\"\\s*:\\s*\\{[^}]*\"data_offsets\"\\s*:\\s*\\[\\s*(\\d+)\\s*,\\s*(\\d+)")
            .matcher(header);
    assertTrue(place.find(), () -> tensor + " is not in " + header);
    int start = 8 + headerBytes;
    for (int at = Integer.parseInt(place.group(1));
        at < Integer.parseInt(place.group(2));
        at += Float.BYTES) {
      bytes.putFloat(start + at, rule.apply(bytes.getFloat(start + at)));
    }
    Files.write(file, bytes.array());
  }
}
