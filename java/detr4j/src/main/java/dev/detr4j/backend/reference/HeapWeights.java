package dev.detr4j.backend.reference;

import dev.detr4j.tensor.Weight;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The weights of one detector as heap arrays; equal weights are read once. Thread-safe. */
final class HeapWeights {
  private final Map<Weight, float[]> plain = new HashMap<>();
  private final Map<Weight, Map<Integer, float[]>> inputMajor = new HashMap<>();

  /** The values as they are, row-major. */
  synchronized float[] plain(Weight weight) {
    return plain.computeIfAbsent(weight, HeapWeights::read);
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
    return inputMajor
        .computeIfAbsent(weight, w -> new HashMap<>())
        .computeIfAbsent(groups, g -> transpose(read(weight), outputs, channels, taps, groups));
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
