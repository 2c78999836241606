package dev.detr4j.model.graph;

import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * A weight computed from others when it is read: nothing is held until a backend packs it.
 *
 * @param name what it is made of, for messages
 */
public record DerivedWeight(String name, Shape shape, List<Weight> sources, Rule rule)
    implements Weight {
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT;

  /** Computes the elements from those of the sources. */
  @FunctionalInterface
  public interface Rule {
    /** Fills {@code destination}; {@code sources} hold fp32 values, row-major. */
    void compute(List<MemorySegment> sources, MemorySegment destination);
  }

  /** Rows of several matrices (or vectors) of equal row length, one after another. */
  public static Weight rows(String name, Weight... parts) {
    int rows = 0;
    for (Weight part : parts) {
      rows += part.shape().get(0);
    }
    int[] extents = parts[0].shape().toArray();
    extents[0] = rows;
    return new DerivedWeight(
        name,
        Shape.of(extents),
        List.of(parts),
        (sources, destination) -> {
          long at = 0;
          for (MemorySegment source : sources) {
            MemorySegment.copy(source, 0, destination, at, source.byteSize());
            at += source.byteSize();
          }
        });
  }

  /** Rows {@code first .. first + count - 1} of a matrix or vector. */
  public static Weight rowRange(String name, Weight of, int first, int count) {
    int[] extents = of.shape().toArray();
    extents[0] = count;
    Shape shape = Shape.of(extents);
    long rowBytes = 4 * (shape.elements() / count);
    return new DerivedWeight(
        name,
        shape,
        List.of(of),
        (sources, destination) ->
            MemorySegment.copy(sources.get(0), first * rowBytes, destination, 0, count * rowBytes));
  }

  /** Columns {@code first .. first + count - 1} of a matrix. */
  public static Weight columns(String name, Weight of, int first, int count) {
    int rows = of.shape().get(0);
    long width = of.shape().get(1);
    return new DerivedWeight(
        name,
        Shape.of(rows, count),
        List.of(of),
        (sources, destination) -> {
          for (int r = 0; r < rows; r++) {
            MemorySegment.copy(
                sources.get(0), 4 * (r * width + first), destination, 4L * r * count, 4L * count);
          }
        });
  }

  /** A matrix [out, in] with its bias as one more column, for a 1x1 kernel: [out, in + 1, 1, 1]. */
  public static Weight biasAsColumn(Weight weight, Weight bias) {
    int rows = weight.shape().get(0);
    int columns = weight.shape().get(1);
    return new DerivedWeight(
        weight.name() + " with bias",
        Shape.of(rows, columns + 1, 1, 1),
        List.of(weight, bias),
        (sources, destination) -> {
          for (long r = 0; r < rows; r++) {
            long to = 4 * r * (columns + 1);
            MemorySegment.copy(sources.get(0), 4 * r * columns, destination, to, 4L * columns);
            MemorySegment.copy(sources.get(1), 4 * r, destination, to + 4L * columns, 4);
          }
        });
  }

  /**
   * A convolution's weight times the scale of the batch normalisation after it, one factor an
   * output channel: {@code w gamma / sqrt(variance + epsilon)}. Computed in double and rounded
   * once.
   */
  public static Weight scaledByNorm(Weight weight, Weight gamma, Weight variance, double epsilon) {
    int channels = weight.shape().get(0);
    int each = Math.toIntExact(weight.shape().elements() / channels);
    return new DerivedWeight(
        weight.name() + " with batch norm",
        weight.shape(),
        List.of(weight, gamma, variance),
        (sources, destination) -> {
          float[] kernel = new float[each];
          for (int o = 0; o < channels; o++) {
            double scale = at(sources.get(1), o) / Math.sqrt(at(sources.get(2), o) + epsilon);
            MemorySegment.copy(sources.get(0), F32, 4L * o * each, kernel, 0, each);
            scale(kernel, scale);
            MemorySegment.copy(kernel, 0, destination, F32, 4L * o * each, each);
          }
        });
  }

  /**
   * The bias that batch normalisation leaves: {@code beta - mean gamma / sqrt(variance + epsilon)}.
   */
  public static Weight normShift(
      Weight gamma, Weight beta, Weight mean, Weight variance, double epsilon) {
    long channels = beta.shape().elements();
    return new DerivedWeight(
        beta.name() + " with batch norm",
        beta.shape(),
        List.of(gamma, beta, mean, variance),
        (sources, destination) -> {
          for (long o = 0; o < channels; o++) {
            double scale = at(sources.get(0), o) / Math.sqrt(at(sources.get(3), o) + epsilon);
            destination.setAtIndex(
                ValueLayout.JAVA_FLOAT,
                o,
                (float) (at(sources.get(1), o) - at(sources.get(2), o) * scale));
          }
        });
  }

  @Override
  public void read(MemorySegment destination) {
    try (Arena arena = Arena.ofConfined()) {
      List<MemorySegment> values =
          sources.stream()
              .map(source -> {
                MemorySegment memory = arena.allocate(4 * source.shape().elements(), 64);
                source.read(memory);
                return memory;
              })
              .toList();
      rule.compute(values, destination);
    }
  }

  private static void scale(float[] values, double factor) {
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (values[i] * factor);
    }
  }

  private static double at(MemorySegment values, long index) {
    return values.getAtIndex(ValueLayout.JAVA_FLOAT, index);
  }
}
