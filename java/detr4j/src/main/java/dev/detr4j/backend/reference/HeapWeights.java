package dev.detr4j.backend.reference;

import dev.detr4j.tensor.Weight;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The weights of one detector as heap arrays; equal weights are read once. Thread-safe. */
final class HeapWeights {
  private final Map<Weight, float[]> plain = new HashMap<>();
  private final Map<Weight, Map<Integer, float[]>> inputMajor = new HashMap<>();
  private final List<Runnable> changed = new ArrayList<>();

  /** The values as they are, row-major. */
  synchronized float[] plain(Weight weight) {
    float[] known = plain.get(weight);
    if (known != null) {
      return known;
    }
    float[] values = read(weight);
    plain.put(weight, values);
    if (weight.changes()) {
      changed.add(() -> copy(read(weight), values));
    }
    return values;
  }

  /** Reads those that may have changed into the arrays that kernels hold. */
  synchronized void readChanged() {
    changed.forEach(Runnable::run);
  }

  private static void copy(float[] from, float[] to) {
    System.arraycopy(from, 0, to, 0, to.length);
  }

  /** The values as they are, or null when there is no weight. */
  float @Nullable [] plainOrNull(@Nullable Weight weight) {
    return weight == null ? null : plain(weight);
  }

  /**
   * A weight {@code [outputs, channels, taps]} as {@code [groups][taps][channels][outputs of a
   * group]}, so that the outputs that one input value contributes to lie side by side.
   */
  synchronized float[] inputMajor(Weight weight, int outputs, int channels, int taps, int groups) {
    Map<Integer, float[]> ofWeight = inputMajor.computeIfAbsent(weight, w -> new HashMap<>());
    float[] known = ofWeight.get(groups);
    if (known != null) {
      return known;
    }
    float[] values = transpose(read(weight), outputs, channels, taps, groups);
    ofWeight.put(groups, values);
    if (weight.changes()) {
      changed.add(() -> copy(transpose(read(weight), outputs, channels, taps, groups), values));
    }
    return values;
  }

  private static float[] transpose(
      float[] values, int outputs, int channels, int taps, int groups) {
    float[] transposed = new float[values.length];
    int groupOutputs = outputs / groups;
    int depth = channels * taps;
    for (int o = 0; o < outputs; o++) {
      int group = o / groupOutputs;
      for (int c = 0; c < channels; c++) {
        for (int t = 0; t < taps; t++) {
          int k = t * channels + c;
          transposed[(group * depth + k) * groupOutputs + o % groupOutputs] =
              values[(o * channels + c) * taps + t];
        }
      }
    }
    return transposed;
  }

  private static float[] read(Weight weight) {
    int count = Math.toIntExact(weight.shape().elements());
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(Math.max(4L * count, 4), 64);
      weight.read(memory);
      return memory.asSlice(0, 4L * count).toArray(ValueLayout.JAVA_FLOAT);
    }
  }
}
