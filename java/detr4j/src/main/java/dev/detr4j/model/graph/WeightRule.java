package dev.detr4j.model.graph;

import dev.detr4j.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Collections;
import java.util.List;
import java.util.Set;

/**
 * How a {@link DerivedWeight} follows from its sources: a formula with its parameters, which a
 * converter can name and a trainer can differentiate.
 *
 * <p>Two rules of one kind with equal parameters are equal.
 */
public sealed interface WeightRule {
  /**
   * The shape of the result.
   *
   * @throws IllegalArgumentException when the rule does not take sources of these shapes
   */
  Shape shape(List<Shape> sources);

  /**
   * Computes the result.
   *
   * @param sources fp32 values, row-major
   * @param shapes those of the sources
   * @param destination as many fp32 values as {@link #shape} has
   */
  void compute(List<MemorySegment> sources, List<Shape> shapes, MemorySegment destination);

  /** The rows of several matrices (or vectors) of equal row length, one after another. */
  record JoinRows() implements WeightRule {
    @Override
    public Shape shape(List<Shape> sources) {
      int rows = 0;
      for (Shape source : sources) {
        require(
            source.rank() == sources.getFirst().rank()
                && rowElements(source) == rowElements(sources.getFirst()),
            "rows to join are equally long",
            sources);
        rows += source.get(0);
      }
      return withRows(sources.getFirst(), rows);
    }

    @Override
    public void compute(
        List<MemorySegment> sources, List<Shape> shapes, MemorySegment destination) {
      long at = 0;
      for (MemorySegment source : sources) {
        MemorySegment.copy(source, 0, destination, at, source.byteSize());
        at += source.byteSize();
      }
    }
  }

  /** Rows {@code first .. first + count - 1} of a matrix or vector. */
  record RowRange(int first, int count) implements WeightRule {
    @Override
    public Shape shape(List<Shape> sources) {
      Shape of = only(sources);
      require(
          first >= 0 && count >= 1 && count <= of.get(0) - first,
          "there are rows " + first + " to " + (first + count - 1L),
          of);
      return withRows(of, count);
    }

    @Override
    public void compute(
        List<MemorySegment> sources, List<Shape> shapes, MemorySegment destination) {
      long rowBytes = Float.BYTES * rowElements(shapes.getFirst());
      MemorySegment.copy(sources.getFirst(), first * rowBytes, destination, 0, count * rowBytes);
    }
  }

  /**
   * A matrix {@code [out, in]} with a bias {@code [out]} as one more column, for a 1x1 kernel:
   * {@code [out, in + 1, 1, 1]}.
   */
  record BiasAsColumn() implements WeightRule {
    @Override
    public Shape shape(List<Shape> sources) {
      require(
          sources.size() == 2
              && sources.get(0).rank() == 2
              && sources.get(1).elements() == sources.get(0).get(0),
          "a matrix has a bias of one value a row",
          sources);
      Shape matrix = sources.getFirst();
      return Shape.of(matrix.get(0), matrix.get(1) + 1, 1, 1);
    }

    @Override
    public void compute(
        List<MemorySegment> sources, List<Shape> shapes, MemorySegment destination) {
      int rows = shapes.getFirst().get(0);
      long rowBytes = Float.BYTES * (long) shapes.getFirst().get(1);
      for (long r = 0; r < rows; r++) {
        long to = r * (rowBytes + Float.BYTES);
        MemorySegment.copy(sources.get(0), r * rowBytes, destination, to, rowBytes);
        MemorySegment.copy(
            sources.get(1), r * Float.BYTES, destination, to + rowBytes, Float.BYTES);
      }
    }
  }

  /**
   * A convolution's kernel times the scale of the batch normalisation after it, one factor an
   * output channel: {@code w gamma / sqrt(variance + epsilon)} of the sources w, gamma and
   * variance. Computed in double and rounded once.
   */
  record ScaledByNorm(double epsilon) implements WeightRule {
    @Override
    public Shape shape(List<Shape> sources) {
      require(sources.size() == 3, "the sources are kernel, gamma and variance", sources);
      int channels = sources.getFirst().get(0);
      require(
          sources.get(1).elements() == channels && sources.get(2).elements() == channels,
          "gamma and variance have one value a channel",
          sources);
      return sources.getFirst();
    }

    @Override
    public void compute(
        List<MemorySegment> sources, List<Shape> shapes, MemorySegment destination) {
      int channels = shapes.getFirst().get(0);
      int each = Math.toIntExact(rowElements(shapes.getFirst()));
      float[] kernel = new float[each];
      for (int o = 0; o < channels; o++) {
        double scale = at(sources.get(1), o) / Math.sqrt(at(sources.get(2), o) + epsilon);
        long row = Float.BYTES * (long) o * each;
        MemorySegment.copy(sources.getFirst(), ValueLayout.JAVA_FLOAT, row, kernel, 0, each);
        scale(kernel, scale);
        MemorySegment.copy(kernel, 0, destination, ValueLayout.JAVA_FLOAT, row, each);
      }
    }

    /** In an array, where a JVM that has just started is many times faster than in a segment. */
    private static void scale(float[] values, double factor) {
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) (values[i] * factor);
      }
    }
  }

  /**
   * The bias that batch normalisation leaves: {@code beta - mean gamma / sqrt(variance + epsilon)}
   * of the sources gamma, beta, mean and variance. Computed in double and rounded once.
   */
  record NormShift(double epsilon) implements WeightRule {
    @Override
    public Shape shape(List<Shape> sources) {
      require(
          sources.size() == 4 && sources.stream().allMatch(sources.getFirst()::equals),
          "the sources are gamma, beta, mean and variance of one shape",
          sources);
      return sources.getFirst();
    }

    @Override
    public void compute(
        List<MemorySegment> sources, List<Shape> shapes, MemorySegment destination) {
      long channels = shapes.getFirst().elements();
      for (long o = 0; o < channels; o++) {
        double scale = at(sources.get(0), o) / Math.sqrt(at(sources.get(3), o) + epsilon);
        destination.setAtIndex(
            ValueLayout.JAVA_FLOAT,
            o,
            (float) (at(sources.get(1), o) - at(sources.get(2), o) * scale));
      }
    }
  }

  /**
   * A projection to several heads, with each head's rows in a wider place: a head of the result has
   * {@code blocks} blocks of as many rows as one of the source, which holds its rows in the blocks
   * {@code filled} and zeros in the others. Of a matrix or vector.
   */
  record SpreadHeadRows(int heads, int blocks, Set<Integer> filled) implements WeightRule {
    /** Copies the set. */
    public SpreadHeadRows {
      filled = Set.copyOf(filled);
    }

    @Override
    public Shape shape(List<Shape> sources) {
      Shape of = only(sources);
      require(of.get(0) % heads == 0, "the rows are those of " + heads + " heads", of);
      require(
          filled.stream().allMatch(block -> block >= 0 && block < blocks),
          "blocks are 0 to " + (blocks - 1),
          filled);
      return withRows(of, of.get(0) * blocks);
    }

    @Override
    public void compute(
        List<MemorySegment> sources, List<Shape> shapes, MemorySegment destination) {
      MemorySegment source = sources.getFirst();
      destination.fill((byte) 0);
      long head = source.byteSize() / heads;
      for (long h = 0; h < heads; h++) {
        for (int block : filled) {
          MemorySegment.copy(source, h * head, destination, (h * blocks + block) * head, head);
        }
      }
    }
  }

  /**
   * A projection from several heads, for heads of {@code blocks} times as many columns whose first
   * block is theirs; the others meet zeros. Of a matrix.
   */
  record SpreadHeadColumns(int heads, int blocks) implements WeightRule {
    @Override
    public Shape shape(List<Shape> sources) {
      Shape of = only(sources);
      require(
          of.rank() == 2 && of.get(1) % heads == 0,
          "the columns are those of " + heads + " heads",
          of);
      return Shape.of(of.get(0), of.get(1) * blocks);
    }

    @Override
    public void compute(
        List<MemorySegment> sources, List<Shape> shapes, MemorySegment destination) {
      destination.fill((byte) 0);
      long head = Float.BYTES * (long) (shapes.getFirst().get(1) / heads);
      long pieces = (long) shapes.getFirst().get(0) * heads;
      for (long i = 0; i < pieces; i++) {
        MemorySegment.copy(sources.getFirst(), i * head, destination, i * blocks * head, head);
      }
    }
  }

  /** Input channels {@code first .. first + count - 1} of a kernel [out, in, height, width]. */
  record InputRange(int first, int count) implements WeightRule {
    @Override
    public Shape shape(List<Shape> sources) {
      Shape of = only(sources);
      require(
          of.rank() == 4 && first >= 0 && count >= 1 && count <= of.get(1) - first,
          "there are input channels " + first + " to " + (first + count - 1L),
          of);
      return Shape.of(of.get(0), count, of.get(2), of.get(3));
    }

    @Override
    public void compute(
        List<MemorySegment> sources, List<Shape> shapes, MemorySegment destination) {
      Shape of = shapes.getFirst();
      long channel = Float.BYTES * (long) of.get(2) * of.get(3);
      for (long o = 0; o < of.get(0); o++) {
        long from = (o * of.get(1) + first) * channel;
        MemorySegment.copy(
            sources.getFirst(), from, destination, o * count * channel, count * channel);
      }
    }
  }

  /**
   * The kernel of a 3x3 convolution of padding 1 and a 1x1 convolution beside it (RepVGG, Ding et
   * al. 2021): the 1x1 kernel is added to the tap in the middle.
   */
  record BesidePixel() implements WeightRule {
    @Override
    public Shape shape(List<Shape> sources) {
      require(
          sources.size() == 2
              && sources.get(0).rank() == 4
              && sources.get(0).get(2) == 3
              && sources.get(0).get(3) == 3
              && sources
                  .get(1)
                  .equals(Shape.of(sources.get(0).get(0), sources.get(0).get(1), 1, 1)),
          "the sources are a 3x3 and a 1x1 kernel of as many channels",
          sources);
      return sources.getFirst();
    }

    @Override
    public void compute(
        List<MemorySegment> sources, List<Shape> shapes, MemorySegment destination) {
      destination.copyFrom(sources.getFirst());
      long kernels = shapes.get(1).elements();
      for (long i = 0; i < kernels; i++) {
        long middle = 9 * i + 4;
        destination.setAtIndex(
            ValueLayout.JAVA_FLOAT,
            middle,
            (float) (at(sources.get(0), middle) + at(sources.get(1), i)));
      }
    }
  }

  /** The sum of two weights of one shape, element by element. */
  record Sum() implements WeightRule {
    @Override
    public Shape shape(List<Shape> sources) {
      require(
          sources.size() == 2 && sources.get(0).equals(sources.get(1)),
          "the summands have one shape",
          sources);
      return sources.getFirst();
    }

    @Override
    public void compute(
        List<MemorySegment> sources, List<Shape> shapes, MemorySegment destination) {
      for (long i = 0; i < shapes.getFirst().elements(); i++) {
        destination.setAtIndex(
            ValueLayout.JAVA_FLOAT, i, (float) (at(sources.get(0), i) + at(sources.get(1), i)));
      }
    }
  }

  /**
   * Sampling offsets times a scale for each sample of a head: rows (head, sample, x or y) of the
   * first source times entry (sample) of the second, times {@code factor}. Computed in double and
   * rounded once.
   */
  record ScaledSamples(double factor) implements WeightRule {
    @Override
    public Shape shape(List<Shape> sources) {
      require(
          sources.size() == 2
              && sources.get(0).get(0) % (2 * Math.toIntExact(sources.get(1).elements())) == 0,
          "offsets have two rows for each sample",
          sources);
      return sources.getFirst();
    }

    @Override
    public void compute(
        List<MemorySegment> sources, List<Shape> shapes, MemorySegment destination) {
      long each = rowElements(shapes.getFirst());
      long samples = shapes.get(1).elements();
      for (long i = 0; i < shapes.getFirst().elements(); i++) {
        double scale = at(sources.get(1), i / each / 2 % samples) * factor;
        destination.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (at(sources.get(0), i) * scale));
      }
    }
  }

  /** One number as often as a shape has elements. */
  record Repeated(Shape to) implements WeightRule {
    @Override
    public Shape shape(List<Shape> sources) {
      require(only(sources).elements() == 1, "the source is one number", sources);
      return to;
    }

    @Override
    public void compute(
        List<MemorySegment> sources, List<Shape> shapes, MemorySegment destination) {
      float value = (float) at(sources.getFirst(), 0);
      for (long i = 0; i < to.elements(); i++) {
        destination.setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
      }
    }
  }

  /**
   * Rows of a projection that makes numbers for samples, with as many samples on each level: rows
   * (head, sample, coordinate) with {@code points} samples on the levels become rows (head, level,
   * sample, coordinate) with the most of them on all; those of level {@code l} are multiplied by
   * {@code factors[l]}, the new ones hold {@code fill}. Of a matrix or vector.
   */
  record EvenSamples(
      int heads, List<Integer> points, int coordinates, List<Double> factors, float fill)
      implements WeightRule {
    /** Copies the lists. */
    public EvenSamples {
      points = List.copyOf(points);
      factors = List.copyOf(factors);
    }

    private int most() {
      return Collections.max(points);
    }

    private int samples() {
      return points.stream().mapToInt(Integer::intValue).sum();
    }

    @Override
    public Shape shape(List<Shape> sources) {
      Shape of = only(sources);
      require(
          of.get(0) == heads * samples() * coordinates && factors.size() == points.size(),
          "there are %d heads x %d samples x %d rows".formatted(heads, samples(), coordinates),
          of);
      return withRows(of, heads * points.size() * most() * coordinates);
    }

    @Override
    public void compute(
        List<MemorySegment> sources, List<Shape> shapes, MemorySegment destination) {
      long each = rowElements(shapes.getFirst());
      long from = 0;
      long to = 0;
      for (int head = 0; head < heads; head++) {
        for (int level = 0; level < points.size(); level++) {
          long stored = (long) points.get(level) * coordinates * each;
          long all = (long) most() * coordinates * each;
          for (long i = 0; i < all; i++) {
            double value =
                i < stored ? at(sources.getFirst(), from + i) * factors.get(level) : fill;
            destination.setAtIndex(ValueLayout.JAVA_FLOAT, to + i, (float) value);
          }
          from += stored;
          to += all;
        }
      }
    }
  }

  /**
   * What each bin of a distance is worth (Peng et al. 2024, D-FINE), from the numbers a and c of
   * the checkpoint: with {@code b = |a c|}, {@code n = bins - 1} and {@code s = (b + 1)^(2 / (n -
   * 2))} the worths are {@code -2 b, 1 - s^(n/2 - 1), ..., 1 - s, 0, s - 1, ..., s^(n/2 - 1) - 1, 2
   * b}.
   */
  record BinWorths(int bins) implements WeightRule {
    @Override
    public Shape shape(List<Shape> sources) {
      require(
          sources.size() == 2 && sources.stream().allMatch(source -> source.elements() == 1),
          "the sources are two numbers",
          sources);
      require(bins >= 5 && bins % 2 == 1, "an odd number of bins, at least 5", bins);
      return Shape.of(bins);
    }

    @Override
    public void compute(
        List<MemorySegment> sources, List<Shape> shapes, MemorySegment destination) {
      double bound = Math.abs(at(sources.get(0), 0) * at(sources.get(1), 0));
      int half = (bins - 1) / 2;
      double step = Math.pow(bound + 1, 2.0 / (bins - 3));
      for (int i = 0; i <= half; i++) {
        double worth = i == half ? 2 * bound : Math.pow(step, i) - 1;
        destination.setAtIndex(ValueLayout.JAVA_FLOAT, half + i, (float) worth);
        destination.setAtIndex(ValueLayout.JAVA_FLOAT, half - i, (float) (i == 0 ? 0 : -worth));
      }
    }
  }

  /**
   * The kernel {@code [channels, 1, 2, 2]} that takes the last of its four pixels; it follows from
   * nothing. A depthwise convolution of padding 1 with it adds a row and a column of zeros at the
   * bottom and right of a map.
   */
  record LastOfFour(int channels) implements WeightRule {
    @Override
    public Shape shape(List<Shape> sources) {
      require(sources.isEmpty(), "there is no source", sources);
      return Shape.of(channels, 1, 2, 2);
    }

    @Override
    public void compute(
        List<MemorySegment> sources, List<Shape> shapes, MemorySegment destination) {
      destination.fill((byte) 0);
      for (long channel = 0; channel < channels; channel++) {
        destination.setAtIndex(ValueLayout.JAVA_FLOAT, 4 * channel + 3, 1f);
      }
    }
  }

  /**
   * Rows of a matrix, or numbers of a vector, times one factor each: the sources are {@code w} and
   * the factors. A scale behind a linear layer folds into it so.
   */
  record ScaledRows() implements WeightRule {
    @Override
    public Shape shape(List<Shape> sources) {
      require(
          sources.size() == 2 && sources.get(1).elements() == sources.get(0).get(0),
          "there is one factor a row",
          sources);
      return sources.getFirst();
    }

    @Override
    public void compute(
        List<MemorySegment> sources, List<Shape> shapes, MemorySegment destination) {
      long each = rowElements(shapes.getFirst());
      for (long i = 0; i < shapes.getFirst().elements(); i++) {
        destination.setAtIndex(
            ValueLayout.JAVA_FLOAT,
            i,
            (float) (at(sources.get(0), i) * at(sources.get(1), i / each)));
      }
    }
  }

  /**
   * The columns of a matrix in another order: block {@code i} of the result is block {@code
   * order[i]} of the source, in blocks of equal width. The inputs of the layer are then in that
   * order.
   */
  record ColumnBlocks(List<Integer> order) implements WeightRule {
    /** Copies the list. */
    public ColumnBlocks {
      order = List.copyOf(order);
    }

    @Override
    public Shape shape(List<Shape> sources) {
      Shape of = only(sources);
      require(
          of.rank() == 2 && of.get(1) % order.size() == 0,
          "the columns are " + order.size() + " blocks",
          of);
      require(
          order.stream().distinct().count() == order.size()
              && order.stream().allMatch(block -> block >= 0 && block < order.size()),
          "each block is there once",
          order);
      return of;
    }

    @Override
    public void compute(
        List<MemorySegment> sources, List<Shape> shapes, MemorySegment destination) {
      int rows = shapes.getFirst().get(0);
      int blocks = order.size();
      long bytes = Float.BYTES * (long) (shapes.getFirst().get(1) / blocks);
      for (long r = 0; r < rows; r++) {
        for (int b = 0; b < blocks; b++) {
          MemorySegment.copy(
              sources.getFirst(),
              (r * blocks + order.get(b)) * bytes,
              destination,
              (r * blocks + b) * bytes,
              bytes);
        }
      }
    }
  }

  /**
   * A class token with its position code (Dosovitskiy et al. 2021), {@code [1, channels]}: the sum
   * of the token and of the first row of the positions {@code [1, 1 + cells, channels]}.
   */
  record FirstPosition() implements WeightRule {
    @Override
    public Shape shape(List<Shape> sources) {
      require(
          sources.size() == 2
              && sources.get(1).rank() == 3
              && sources.get(0).elements() == sources.get(1).last(),
          "the sources are a token and positions of as many channels",
          sources);
      return Shape.of(1, sources.get(1).last());
    }

    @Override
    public void compute(
        List<MemorySegment> sources, List<Shape> shapes, MemorySegment destination) {
      for (long c = 0; c < shapes.getFirst().elements(); c++) {
        destination.setAtIndex(
            ValueLayout.JAVA_FLOAT, c, (float) (at(sources.get(0), c) + at(sources.get(1), c)));
      }
    }
  }

  /**
   * The position code of a map {@code [height width, channels]}, from a stored one {@code [1, 1 +
   * side^2, channels]}, whose first row belongs to no cell: as it is stored where the map has its
   * extents, else resampled with a cubic filter, see {@link CubicResampling}. Computed in double
   * and rounded once.
   *
   * @param antialias as in {@link CubicResampling}
   */
  record ResampledPositions(int height, int width, boolean antialias) implements WeightRule {
    @Override
    public Shape shape(List<Shape> sources) {
      Shape of = only(sources);
      require(
          of.rank() == 3 && of.get(0) == 1 && of.get(1) == 1 + side(of) * side(of),
          "positions are those of a square of cells, and one beside it",
          of);
      require(height >= 1 && width >= 1, "the map has cells", height + " x " + width);
      return Shape.of(height * width, of.last());
    }

    private static int side(Shape of) {
      return (int) Math.round(Math.sqrt(of.get(1) - 1.0));
    }

    @Override
    public void compute(
        List<MemorySegment> sources, List<Shape> shapes, MemorySegment destination) {
      int side = side(shapes.getFirst());
      int channels = shapes.getFirst().last();
      MemorySegment cells = sources.getFirst().asSlice(Float.BYTES * (long) channels);
      if (height == side && width == side) {
        destination.copyFrom(cells.asSlice(0, Float.BYTES * (long) side * side * channels));
        return;
      }
      CubicResampling.map(
          cells,
          side,
          channels,
          new CubicResampling(side, height, antialias),
          new CubicResampling(side, width, antialias),
          destination);
    }
  }

  /** Ones; they follow from nothing. */
  record Ones(Shape to) implements WeightRule {
    @Override
    public Shape shape(List<Shape> sources) {
      require(sources.isEmpty(), "there is no source", sources);
      return to;
    }

    @Override
    public void compute(
        List<MemorySegment> sources, List<Shape> shapes, MemorySegment destination) {
      for (long i = 0; i < to.elements(); i++) {
        destination.setAtIndex(ValueLayout.JAVA_FLOAT, i, 1f);
      }
    }
  }

  /**
   * A matrix {@code [out, in]} as {@code [in, out]}: by it, a linear layer's gradient goes back.
   */
  record Transposed() implements WeightRule {
    @Override
    public Shape shape(List<Shape> sources) {
      Shape of = only(sources);
      require(of.rank() == 2, "the source is a matrix", of);
      return Shape.of(of.get(1), of.get(0));
    }

    @Override
    public void compute(
        List<MemorySegment> sources, List<Shape> shapes, MemorySegment destination) {
      Shape of = shapes.getFirst();
      swap(sources.getFirst(), destination, of.get(0), of.get(1), 1);
    }
  }

  /**
   * A kernel {@code [out, in / groups, height, width]} turned by 180 degrees, with the channels of
   * each group swapped, {@code [in, out / groups, height, width]}: by it, a convolution's gradient
   * goes back.
   */
  record Turned(int groups) implements WeightRule {
    @Override
    public Shape shape(List<Shape> sources) {
      Shape of = only(sources);
      require(
          of.rank() == 4 && of.get(0) % groups == 0,
          "the source is a kernel in " + groups + " groups",
          of);
      return Shape.of(of.get(1) * groups, of.get(0) / groups, of.get(2), of.get(3));
    }

    @Override
    public void compute(
        List<MemorySegment> sources, List<Shape> shapes, MemorySegment destination) {
      Shape of = shapes.getFirst();
      int taps = of.get(2) * of.get(3);
      int out = of.get(0) / groups;
      long group = Float.BYTES * of.elements() / groups;
      for (int g = 0; g < groups; g++) {
        swap(
            sources.getFirst().asSlice(g * group, group),
            destination.asSlice(g * group, group),
            out,
            of.get(1),
            taps);
      }
    }
  }

  /**
   * Writes {@code [rows, columns, taps]} as {@code [columns, rows, taps]} with the taps in reverse,
   * in arrays of some rows, so that neither side is read or written a number at a time.
   */
  private static void swap(
      MemorySegment source, MemorySegment destination, int rows, int columns, int taps) {
    int block = 16;
    int width = columns * taps;
    float[] from = new float[block * width];
    float[] to = new float[block * taps];
    for (int first = 0; first < rows; first += block) {
      int count = Math.min(block, rows - first);
      MemorySegment.copy(
          source,
          ValueLayout.JAVA_FLOAT,
          Float.BYTES * (long) first * width,
          from,
          0,
          count * width);
      for (int c = 0; c < columns; c++) {
        for (int r = 0; r < count; r++) {
          for (int t = 0; t < taps; t++) {
            to[r * taps + t] = from[r * width + c * taps + taps - 1 - t];
          }
        }
        MemorySegment.copy(
            to,
            0,
            destination,
            ValueLayout.JAVA_FLOAT,
            Float.BYTES * ((long) c * rows + first) * taps,
            count * taps);
      }
    }
  }

  private static double at(MemorySegment values, long index) {
    return values.getAtIndex(ValueLayout.JAVA_FLOAT, index);
  }

  private static Shape only(List<Shape> sources) {
    require(sources.size() == 1, "there is one source", sources);
    return sources.getFirst();
  }

  private static long rowElements(Shape shape) {
    return shape.elements() / shape.get(0);
  }

  private static Shape withRows(Shape shape, int rows) {
    int[] extents = shape.toArray();
    extents[0] = rows;
    return Shape.of(extents);
  }

  private static void require(boolean holds, String what, Object seen) {
    if (!holds) {
      throw new IllegalArgumentException(what + ", got " + seen);
    }
  }
}
