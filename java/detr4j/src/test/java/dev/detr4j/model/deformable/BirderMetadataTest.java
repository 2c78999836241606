package dev.detr4j.model.deformable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.detr4j.checkpoint.TorchCheckpoint;
import dev.detr4j.error.CheckpointException;
import dev.detr4j.model.family.StoredInput;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class BirderMetadataTest {
  /** The file was written with torch, in the form of birder's own. */
  @Test
  void readsWhatBirderWrites() {
    try (TorchCheckpoint file =
        TorchCheckpoint.open(
            Path.of("src/test/resources/dev/detr4j/checkpoint/containers/birder_like.pt"))) {
      BirderMetadata metadata = new BirderMetadata(file.container(), file.metadata());
      assertEquals(
          new StoredInput(
              Optional.of(
                  new StoredInput.Statistics(
                      List.of(0.5191, 0.5306, 0.4877), List.of(0.2316, 0.2304, 0.2588))),
              Optional.of(new StoredInput.Size(640, 640, true))),
          metadata.input());
      List<String> labels = metadata.labels(91).orElseThrow();
      assertEquals(91, labels.size());
      assertEquals(List.of("person", "bicycle", "LABEL_3"), labels.subList(0, 3));
      assertEquals("hair brush", labels.get(90));
    }
  }

  @Test
  void whatIsAbsentIsNotInvented() {
    BirderMetadata none = of(Map.of());
    assertEquals(StoredInput.NONE, none.input());
    assertEquals(Optional.empty(), none.labels(2));
    assertEquals(Optional.empty(), of(Map.of("class_to_idx", Map.of())).labels(2));
    assertEquals(
        Optional.of(new StoredInput.Size(480, 640, false)),
        of(Map.of("signature", signature(0L, 3L, 480L, 640L))).input().size());
  }

  @Test
  void namesWhatIsMalformed() {
    assertInput("rgb_stats is 7, expected a dict with mean and std", Map.of("rgb_stats", 7L));
    assertInput(
        "rgb_stats.mean is [0.5, 0.5], expected three numbers in 0..1",
        Map.of("rgb_stats", Map.of("mean", List.of(0.5, 0.5))));
    Map<String, Object> zero = new LinkedHashMap<>();
    zero.put("mean", List.of(0.5, 0.5, 0.5));
    zero.put("std", List.of(0.5, 0.0, 0.5));
    assertInput(
        "rgb_stats.std is [0.5, 0.0, 0.5], expected three numbers greater than 0 and at most 1",
        Map.of("rgb_stats", zero));
    zero.put("std", List.of(0.5, Double.NaN, 0.5));
    assertInput(
        "rgb_stats.std is [0.5, NaN, 0.5], expected three numbers greater than 0 and at most 1",
        Map.of("rgb_stats", zero));
    String shape = "expected [0, 3, height, width] with sides from 1 to 16384";
    assertInput(
        "signature.inputs[0].data_shape is [0, 3, 0, 640], " + shape,
        Map.of("signature", signature(0L, 3L, 0L, 640L)));
    assertInput(
        "signature.inputs[0].data_shape is [0, 3, 640, 9999999999], " + shape,
        Map.of("signature", signature(0L, 3L, 640L, 9_999_999_999L)));
    assertInput(
        "signature.inputs[0].data_shape is null, " + shape, Map.of("signature", Map.of("a", 1L)));
    assertLabels("person: 3", Map.of("person", 3L));
    assertLabels("person: -1", Map.of("person", -1L));
    assertLabels("person: one", Map.of("person", "one"));
    Map<String, Object> twice = new LinkedHashMap<>();
    twice.put("cat", 1L);
    twice.put("dog", 1L);
    assertLabels("dog: 1", twice);
  }

  private static Map<String, Object> signature(Long... shape) {
    return Map.of("inputs", List.of(Map.of("data_shape", Arrays.asList(shape))));
  }

  private static void assertInput(String message, Map<String, Object> metadata) {
    assertMessage(message, () -> of(metadata).input());
  }

  private static void assertLabels(String shown, Map<String, Object> classes) {
    assertMessage(
        "class_to_idx is " + shown + ", expected names with indices of their own from 1 to 2",
        () -> of(Map.of("class_to_idx", classes)).labels(2));
  }

  private static void assertMessage(String message, Runnable reading) {
    assertEquals(
        "checkpoint made.pt: " + message,
        assertThrows(CheckpointException.class, reading::run).getMessage());
  }

  private static BirderMetadata of(Map<String, Object> metadata) {
    return new BirderMetadata("made.pt", metadata);
  }
}
