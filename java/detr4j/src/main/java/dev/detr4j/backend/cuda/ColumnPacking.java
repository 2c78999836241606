package dev.detr4j.backend.cuda;

import dev.detr4j.tensor.Weight;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * Weights of products as the kernels read them: {@code [outChannels][inChannels][taps]} of a
 * checkpoint becomes {@code [groups][taps][inChannels][columns]}, with the output channels of a
 * group as columns, in rows of a multiple of four.
 *
 * @param inChannels of one group
 */
record ColumnPacking(int outChannels, int inChannels, int taps, int groups) {
  private static final int MULTIPLE = 4;

  private int groupChannels() {
    return outChannels / groups;
  }

  private int columns() {
    return (groupChannels() + MULTIPLE - 1) / MULTIPLE * MULTIPLE;
  }

  MemorySegment weight(CudaWeights weights, Weight weight) {
    return pack(weights, weight, columns());
  }

  /** The same without padding. */
  MemorySegment gapless(CudaWeights weights, Weight weight) {
    return pack(weights, weight, groupChannels());
  }

  /** One number a column, or NULL where there is no bias. */
  MemorySegment bias(CudaWeights weights, @Nullable Weight bias) {
    if (bias == null) {
      return MemorySegment.NULL;
    }
    int columns = columns();
    return weights.packed(
        bias,
        "column-bias/" + groups,
        4L * groups * columns,
        (values, packed) -> {
          for (int g = 0; g < groups; g++) {
            long from = 4L * g * groupChannels();
            MemorySegment.copy(values, from, packed, 4L * g * columns, 4L * groupChannels());
          }
        });
  }

  private MemorySegment pack(CudaWeights weights, Weight weight, int columns) {
    long depth = (long) taps * inChannels;
    return weights.packed(
        weight,
        "columns/" + groups + "/" + taps + "/" + columns,
        4L * groups * depth * columns,
        (values, packed) -> {
          for (int o = 0; o < outChannels; o++) {
            long group = o / groupChannels();
            long column = o % groupChannels();
            for (int c = 0; c < inChannels; c++) {
              for (int t = 0; t < taps; t++) {
                float value =
                    values.getAtIndex(
                        ValueLayout.JAVA_FLOAT, (o * (long) inChannels + c) * taps + t);
                long row = group * depth + (long) t * inChannels + c;
                packed.setAtIndex(ValueLayout.JAVA_FLOAT, row * columns + column, value);
              }
            }
          }
        });
  }
}
