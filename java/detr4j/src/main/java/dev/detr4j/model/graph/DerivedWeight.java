package dev.detr4j.model.graph;

import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A weight computed from others when it is read: nothing is held until a backend packs it.
 *
 * <p>It is its rule and its sources, whatever it is called: two derived weights are equal when both
 * are. So whoever makes one anew for each graph makes no second weight.
 */
public final class DerivedWeight implements Weight {
  private final String name;
  private final WeightRule rule;
  private final List<Weight> sources;
  private final Shape shape;

  private DerivedWeight(String name, WeightRule rule, Weight... sources) {
    this.name = name;
    this.rule = rule;
    this.sources = List.of(sources);
    this.shape = rule.shape(shapes());
  }

  /** Rows of several matrices (or vectors) of equal row length, one after another. */
  public static Weight rows(String name, Weight... parts) {
    return new DerivedWeight(name, new WeightRule.JoinRows(), parts);
  }

  /** Rows {@code first .. first + count - 1} of a matrix or vector. */
  public static Weight rowRange(String name, Weight of, int first, int count) {
    return new DerivedWeight(name, new WeightRule.RowRange(first, count), of);
  }

  /** A matrix [out, in] with its bias as one more column, for a 1x1 kernel: [out, in + 1, 1, 1]. */
  public static Weight biasAsColumn(Weight weight, Weight bias) {
    return new DerivedWeight(
        weight.name() + " with bias", new WeightRule.BiasAsColumn(), weight, bias);
  }

  /** A convolution's kernel times the scale of the batch normalisation after it. */
  public static Weight scaledByNorm(Weight weight, Weight gamma, Weight variance, double epsilon) {
    return new DerivedWeight(
        weight.name() + " with batch norm",
        new WeightRule.ScaledByNorm(epsilon),
        weight,
        gamma,
        variance);
  }

  /** The bias that batch normalisation leaves. */
  public static Weight normShift(
      Weight gamma, Weight beta, Weight mean, Weight variance, double epsilon) {
    return new DerivedWeight(
        beta.name() + " with batch norm",
        new WeightRule.NormShift(epsilon),
        gamma,
        beta,
        mean,
        variance);
  }

  /** See {@link WeightRule.SpreadHeadRows}. */
  public static Weight spreadHeadRows(Weight of, int heads, int blocks, Set<Integer> filled) {
    return new DerivedWeight(
        of.name() + " in blocks " + filled.stream().sorted().toList() + " of " + blocks,
        new WeightRule.SpreadHeadRows(heads, blocks, filled),
        of);
  }

  /** See {@link WeightRule.SpreadHeadColumns}. */
  public static Weight spreadHeadColumns(Weight of, int heads, int blocks) {
    return new DerivedWeight(
        of.name() + " in block 0 of " + blocks,
        new WeightRule.SpreadHeadColumns(heads, blocks),
        of);
  }

  /** See {@link WeightRule.InputRange}. */
  public static Weight inputRange(Weight of, int first, int count) {
    return new DerivedWeight(
        of.name() + " from channel " + first, new WeightRule.InputRange(first, count), of);
  }

  /** See {@link WeightRule.BesidePixel}. */
  public static Weight besidePixel(Weight square, Weight pixel) {
    return new DerivedWeight(
        square.name() + " and 1x1 beside", new WeightRule.BesidePixel(), square, pixel);
  }

  /** See {@link WeightRule.Sum}. */
  public static Weight sum(Weight one, Weight other) {
    return new DerivedWeight(one.name() + " and more", new WeightRule.Sum(), one, other);
  }

  /** See {@link WeightRule.ScaledSamples}. */
  public static Weight scaledSamples(Weight offsets, Weight scale, double factor) {
    return new DerivedWeight(
        offsets.name() + " scaled", new WeightRule.ScaledSamples(factor), offsets, scale);
  }

  /** See {@link WeightRule.Repeated}. */
  public static Weight repeated(Weight number, Shape to) {
    return new DerivedWeight(
        number.name() + " in all of " + to, new WeightRule.Repeated(to), number);
  }

  /** See {@link WeightRule.EvenSamples}. */
  public static Weight evenSamples(
      Weight of,
      int heads,
      List<Integer> points,
      int coordinates,
      List<Double> factors,
      float fill) {
    return new DerivedWeight(
        of.name() + " for even samples",
        new WeightRule.EvenSamples(heads, points, coordinates, factors, fill),
        of);
  }

  /** See {@link WeightRule.BinWorths}. */
  public static Weight binWorths(Weight up, Weight scale, int bins) {
    return new DerivedWeight(
        "worth of " + bins + " bins", new WeightRule.BinWorths(bins), up, scale);
  }

  /** See {@link WeightRule.LastOfFour}. */
  public static Weight lastOfFour(int channels) {
    return new DerivedWeight(
        "last of four pixels in " + channels + " channels", new WeightRule.LastOfFour(channels));
  }

  /** See {@link WeightRule.ScaledRows}. */
  public static Weight scaledRows(Weight of, Weight factors) {
    return new DerivedWeight(
        of.name() + " times " + factors.name(), new WeightRule.ScaledRows(), of, factors);
  }

  /** See {@link WeightRule.ColumnBlocks}. */
  public static Weight columnBlocks(Weight matrix, List<Integer> order) {
    return new DerivedWeight(
        matrix.name() + " in the order " + order, new WeightRule.ColumnBlocks(order), matrix);
  }

  /** See {@link WeightRule.FirstPosition}. */
  public static Weight firstPosition(Weight token, Weight positions) {
    return new DerivedWeight(
        token.name() + " in its place", new WeightRule.FirstPosition(), token, positions);
  }

  /** See {@link WeightRule.ResampledPositions}. */
  public static Weight resampledPositions(
      Weight positions, int height, int width, boolean antialias) {
    return new DerivedWeight(
        positions.name() + " of " + height + " x " + width,
        new WeightRule.ResampledPositions(height, width, antialias),
        positions);
  }

  /** See {@link WeightRule.Ones}. */
  public static Weight ones(Shape shape) {
    return new DerivedWeight("ones", new WeightRule.Ones(shape));
  }

  /** See {@link WeightRule.Transposed}. */
  public static Weight transposed(Weight matrix) {
    return new DerivedWeight(matrix.name() + " transposed", new WeightRule.Transposed(), matrix);
  }

  /** See {@link WeightRule.Turned}. */
  public static Weight turned(Weight kernel, int groups) {
    return new DerivedWeight(kernel.name() + " turned", new WeightRule.Turned(groups), kernel);
  }

  /**
   * The weights that one follows from, in the end: those of a checkpoint. A weight that is not
   * derived follows from itself.
   */
  public static Set<Weight> origins(Weight weight) {
    Set<Weight> found = new LinkedHashSet<>();
    if (weight instanceof DerivedWeight derived) {
      derived.sources.forEach(source -> found.addAll(origins(source)));
    } else {
      found.add(weight);
    }
    return found;
  }

  /** What follows by the same rule from other sources, each of the shape of the one it replaces. */
  public Weight from(UnaryOperator<Weight> replacement) {
    return new DerivedWeight(name, rule, sources.stream().map(replacement).toArray(Weight[]::new));
  }

  /** How it follows from its sources. */
  public WeightRule rule() {
    return rule;
  }

  /** What it is computed from, in the order of the rule. */
  public List<Weight> sources() {
    return sources;
  }

  /** What it is made of, for messages. */
  @Override
  public String name() {
    return name;
  }

  @Override
  public Shape shape() {
    return shape;
  }

  @Override
  public void read(MemorySegment destination) {
    try (Arena arena = Arena.ofConfined()) {
      List<MemorySegment> values = new ArrayList<>();
      for (Weight source : sources) {
        MemorySegment memory = source.inMemory();
        if (memory == null) {
          memory = arena.allocate(Float.BYTES * source.shape().elements(), 64);
          source.read(memory);
        }
        values.add(memory);
      }
      rule.compute(values, shapes(), destination);
    }
  }

  @Override
  public boolean changes() {
    return sources.stream().anyMatch(Weight::changes);
  }

  @Override
  public @Nullable Weight swapped() {
    return switch (rule) {
      case WeightRule.Transposed _ -> sources.getFirst();
      case WeightRule.Turned turned when turned.groups() == 1 -> sources.getFirst();
      default -> null;
    };
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof DerivedWeight derived
        && rule.equals(derived.rule)
        && sources.equals(derived.sources);
  }

  @Override
  public int hashCode() {
    return 31 * rule.hashCode() + sources.hashCode();
  }

  @Override
  public String toString() {
    return name + " " + shape;
  }

  private List<Shape> shapes() {
    return sources.stream().map(Weight::shape).toList();
  }
}
