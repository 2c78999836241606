package dev.detr4j.model.deformable;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.OneLine;
import dev.detr4j.model.family.StoredInput;
import dev.detr4j.model.family.TensorEvidence;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What birder stores beside the state dict: {@code rgb_stats {mean, std}}, {@code signature
 * {dynamic, inputs: [{data_shape: [0, 3, height, width]}]}} and {@code class_to_idx {name: index}},
 * where index 0 is the background. Each may be absent; one that is there and malformed is an error.
 *
 * @param container the file as messages name it
 * @param metadata plain values of the file's top level
 */
record BirderMetadata(String container, Map<?, ?> metadata) {
  private static final int LARGEST_SIDE = 1 << 14;

  /** The metadata of a checkpoint; empty for a container that has none. */
  static BirderMetadata of(TensorEvidence tensors) {
    return new BirderMetadata(tensors.container(), tensors.plainValues());
  }

  /** What {@code rgb_stats} and {@code signature} say. */
  StoredInput input() {
    return new StoredInput(statistics(), size());
  }

  private Optional<StoredInput.Statistics> statistics() {
    Object stats = metadata.get("rgb_stats");
    if (stats == null) {
      return Optional.empty();
    }
    if (!(stats instanceof Map<?, ?> map)) {
      throw wrong("rgb_stats", stats, "a dict with mean and std");
    }
    List<Double> mean = channels("rgb_stats.mean", map.get("mean"), false);
    List<Double> std = channels("rgb_stats.std", map.get("std"), true);
    return Optional.of(new StoredInput.Statistics(mean, std));
  }

  private List<Double> channels(String name, @Nullable Object value, boolean positive) {
    String expected =
        positive ? "three numbers greater than 0 and at most 1" : "three numbers in 0..1";
    List<Double> numbers = new ArrayList<>();
    if (value instanceof List<?> list && list.size() == 3) {
      for (Object item : list) {
        if (item instanceof Number number
            && number.doubleValue() >= 0
            && number.doubleValue() <= 1
            && !(positive && number.doubleValue() == 0)) {
          numbers.add(number.doubleValue());
        }
      }
    }
    if (numbers.size() != 3) {
      throw wrong(name, value, expected);
    }
    return numbers;
  }

  private Optional<StoredInput.Size> size() {
    Object signature = metadata.get("signature");
    if (signature == null) {
      return Optional.empty();
    }
    if (!(signature instanceof Map<?, ?> map)) {
      throw wrong("signature", signature, "a dict with inputs");
    }
    Object inputs = map.get("inputs");
    Object shape =
        inputs instanceof List<?> list
                && !list.isEmpty()
                && list.getFirst() instanceof Map<?, ?> first
            ? first.get("data_shape")
            : null;
    if (!(shape instanceof List<?> extents)
        || extents.size() != 4
        || !(extents.get(2) instanceof Long height)
        || !(extents.get(3) instanceof Long width)
        || Math.min(height, width) < 1
        || Math.max(height, width) > LARGEST_SIDE) {
      throw wrong(
          "signature.inputs[0].data_shape",
          shape,
          "[0, 3, height, width] with sides from 1 to " + LARGEST_SIDE);
    }
    Object dynamic = map.get("dynamic");
    if (dynamic != null && !(dynamic instanceof Boolean)) {
      throw wrong("signature.dynamic", dynamic, "True or False");
    }
    return Optional.of(
        new StoredInput.Size(height.intValue(), width.intValue(), Boolean.TRUE.equals(dynamic)));
  }

  /**
   * The class names by logit, which is index - 1, or nothing when the file names none. A class
   * without a name is called {@code LABEL_<index>}.
   */
  Optional<List<String>> labels(int classes) {
    Object stored = metadata.get("class_to_idx");
    if (stored == null || (stored instanceof Map<?, ?> none && none.isEmpty())) {
      return Optional.empty();
    }
    if (!(stored instanceof Map<?, ?> map)) {
      throw wrong("class_to_idx", stored, "a dict from names to indices");
    }
    List<@Nullable String> names = new ArrayList<>();
    for (int i = 0; i <= classes; i++) {
      names.add(null);
    }
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      if (!(entry.getKey() instanceof String name)
          || !(entry.getValue() instanceof Long index)
          || index < 0
          || index > classes
          || names.get(index.intValue()) != null) {
        throw wrong(
            "class_to_idx",
            entry.getKey() + ": " + entry.getValue(),
            "names with indices of their own from 1 to " + classes);
      }
      names.set(index.intValue(), name);
    }
    List<String> labels = new ArrayList<>();
    for (int i = 1; i <= classes; i++) {
      String name = names.get(i);
      labels.add(name == null ? "LABEL_" + i : name);
    }
    return Optional.of(labels);
  }

  private CheckpointException wrong(String name, @Nullable Object value, String expected) {
    return new CheckpointException(
        "checkpoint %s: %s is %s, expected %s"
            .formatted(container, name, OneLine.of(String.valueOf(value)), expected));
  }
}
