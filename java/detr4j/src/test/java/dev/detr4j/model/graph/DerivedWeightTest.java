package dev.detr4j.model.graph;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each rule by numbers that were worked out by hand, and when two derived weights are one. */
class DerivedWeightTest {
  private static final Weight MATRIX = new Stored("matrix", Shape.of(2, 3), 1, 2, 3, 4, 5, 6);
  private static final Weight MORE = new Stored("more", Shape.of(1, 3), 7, 8, 9);
  private static final Weight BIAS = new Stored("bias", Shape.of(2), 10, 20);

  /** Equal to itself alone, as a tensor of a checkpoint. */
  private static final class Stored implements Weight {
    private final String name;
    private final Shape shape;
    private final float[] values;

    Stored(String name, Shape shape, float... values) {
      this.name = name;
      this.shape = shape;
      this.values = values;
    }

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
      MemorySegment.copy(values, 0, destination, ValueLayout.JAVA_FLOAT, 0, values.length);
    }
  }

  @Test
  void rows() {
    Weight joined = DerivedWeight.rows("joined", MATRIX, MORE);
    assertEquals(Shape.of(3, 3), joined.shape());
    assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9}, values(joined));
    Weight part = DerivedWeight.rowRange("part", joined, 1, 2);
    assertEquals(Shape.of(2, 3), part.shape());
    assertArrayEquals(new float[] {4, 5, 6, 7, 8, 9}, values(part));
    assertArrayEquals(new float[] {20}, values(DerivedWeight.rowRange("part", BIAS, 1, 1)));
    assertEquals(Set.of(MATRIX, MORE), DerivedWeight.origins(part));
    assertEquals(Set.of(BIAS), DerivedWeight.origins(BIAS));
  }

  @Test
  void biasAsColumn() {
    Weight wide = DerivedWeight.biasAsColumn(MATRIX, BIAS);
    assertEquals(Shape.of(2, 4, 1, 1), wide.shape());
    assertArrayEquals(new float[] {1, 2, 3, 10, 4, 5, 6, 20}, values(wide));
  }

  /** With variances of 3 and 15 and an epsilon of 1 the deviations are 2 and 4. */
  @Test
  void batchNorm() {
    Weight kernel = new Stored("kernel", Shape.of(2, 1, 1, 2), 1, 2, 3, 4);
    Weight gamma = new Stored("gamma", Shape.of(2), 6, 8);
    Weight beta = new Stored("beta", Shape.of(2), 1, 2);
    Weight mean = new Stored("mean", Shape.of(2), 10, 100);
    Weight variance = new Stored("variance", Shape.of(2), 3, 15);
    Weight scaled = DerivedWeight.scaledByNorm(kernel, gamma, variance, 1);
    assertEquals(kernel.shape(), scaled.shape());
    assertArrayEquals(new float[] {3, 6, 6, 8}, values(scaled));
    Weight shift = DerivedWeight.normShift(gamma, beta, mean, variance, 1);
    assertArrayEquals(new float[] {1 - 10 * 3, 2 - 100 * 2}, values(shift));
    DerivedWeight derived = (DerivedWeight) scaled;
    assertEquals(new WeightRule.ScaledByNorm(1), derived.rule());
    assertEquals(List.of(kernel, gamma, variance), derived.sources());
  }

  /** The rows of two heads, each in the second of two blocks, then in both. */
  @Test
  void headsInWiderPlaces() {
    Weight second = DerivedWeight.spreadHeadRows(MATRIX, 2, 2, Set.of(1));
    assertEquals(Shape.of(4, 3), second.shape());
    assertArrayEquals(new float[] {0, 0, 0, 1, 2, 3, 0, 0, 0, 4, 5, 6}, values(second));
    Weight both = DerivedWeight.spreadHeadRows(BIAS, 2, 2, Set.of(0, 1));
    assertArrayEquals(new float[] {10, 10, 20, 20}, values(both));
    Weight columns = DerivedWeight.spreadHeadColumns(MATRIX, 3, 2);
    assertEquals(Shape.of(2, 6), columns.shape());
    assertArrayEquals(new float[] {1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0}, values(columns));
    assertThrows(
        IllegalArgumentException.class,
        () -> DerivedWeight.spreadHeadRows(MATRIX, 3, 2, Set.of(0)));
    assertThrows(
        IllegalArgumentException.class,
        () -> DerivedWeight.spreadHeadRows(MATRIX, 2, 2, Set.of(2)));
    assertThrows(
        IllegalArgumentException.class, () -> DerivedWeight.spreadHeadColumns(MATRIX, 2, 2));
  }

  @Test
  void inputRange() {
    Weight kernel =
        new Stored("kernel", Shape.of(2, 3, 1, 2), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
    Weight some = DerivedWeight.inputRange(kernel, 1, 2);
    assertEquals(Shape.of(2, 2, 1, 2), some.shape());
    assertArrayEquals(new float[] {3, 4, 5, 6, 9, 10, 11, 12}, values(some));
    assertThrows(IllegalArgumentException.class, () -> DerivedWeight.inputRange(kernel, 2, 2));
    assertThrows(IllegalArgumentException.class, () -> DerivedWeight.inputRange(MATRIX, 0, 1));
  }

  @Test
  void besidePixelAndSum() {
    Weight square = new Stored("square", Shape.of(1, 1, 3, 3), 1, 2, 3, 4, 5, 6, 7, 8, 9);
    Weight pixel = new Stored("pixel", Shape.of(1, 1, 1, 1), 100);
    assertArrayEquals(
        new float[] {1, 2, 3, 4, 105, 6, 7, 8, 9},
        values(DerivedWeight.besidePixel(square, pixel)));
    assertThrows(IllegalArgumentException.class, () -> DerivedWeight.besidePixel(pixel, square));
    assertArrayEquals(new float[] {20, 40}, values(DerivedWeight.sum(BIAS, BIAS)));
    assertThrows(IllegalArgumentException.class, () -> DerivedWeight.sum(BIAS, MATRIX));
  }

  /** Two heads of two samples: rows go by head, sample, then x and y. */
  @Test
  void scaledSamples() {
    Weight offsets = new Stored("offsets", Shape.of(8), 1, 2, 3, 4, 5, 6, 7, 8);
    Weight scale = new Stored("scale", Shape.of(2), 0.5f, 10);
    assertArrayEquals(
        new float[] {1, 2, 60, 80, 5, 6, 140, 160},
        values(DerivedWeight.scaledSamples(offsets, scale, 2)));
    assertThrows(
        IllegalArgumentException.class, () -> DerivedWeight.scaledSamples(MATRIX, scale, 1));
  }

  @Test
  void repeated() {
    Weight number = new Stored("number", Shape.of(1), 7);
    Weight all = DerivedWeight.repeated(number, Shape.of(2, 1, 1));
    assertEquals(Shape.of(2, 1, 1), all.shape());
    assertArrayEquals(new float[] {7, 7}, values(all));
    assertThrows(IllegalArgumentException.class, () -> DerivedWeight.repeated(BIAS, Shape.of(2)));
  }

  /** Two heads with one and two samples of two coordinates. */
  @Test
  void evenSamples() {
    Weight offsets = new Stored("offsets", Shape.of(12), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
    Weight even = DerivedWeight.evenSamples(offsets, 2, List.of(1, 2), 2, List.of(2.0, 1.0), -9f);
    assertArrayEquals(
        new float[] {2, 4, -9, -9, 3, 4, 5, 6, 14, 16, -9, -9, 9, 10, 11, 12}, values(even));
    assertThrows(
        IllegalArgumentException.class,
        () -> DerivedWeight.evenSamples(offsets, 2, List.of(1, 1), 2, List.of(1.0, 1.0), 0));
  }

  /** With a = 2 and c = -1.5 the bound is 3; of 7 bins the step is 4^(1/2). */
  @Test
  void binWorths() {
    Weight up = new Stored("up", Shape.of(1), 2);
    Weight scale = new Stored("scale", Shape.of(1), -1.5f);
    assertArrayEquals(
        new float[] {-6, -3, -1, 0, 1, 3, 6}, values(DerivedWeight.binWorths(up, scale, 7)));
    assertThrows(IllegalArgumentException.class, () -> DerivedWeight.binWorths(up, scale, 6));
    assertThrows(IllegalArgumentException.class, () -> DerivedWeight.binWorths(up, BIAS, 7));
  }

  @Test
  void lastOfFour() {
    Weight kernel = DerivedWeight.lastOfFour(2);
    assertEquals(Shape.of(2, 1, 2, 2), kernel.shape());
    assertArrayEquals(new float[] {0, 0, 0, 1, 0, 0, 0, 1}, values(kernel));
    assertEquals(Set.of(), DerivedWeight.origins(kernel));
    assertEquals(kernel, DerivedWeight.lastOfFour(2));
  }

  @Test
  void whatFollowsFromEqualSourcesByOneRuleIsEqual() {
    Weight one = DerivedWeight.rows("one", DerivedWeight.rowRange("row", MATRIX, 0, 1), MORE);
    Weight other = DerivedWeight.rows("other", DerivedWeight.rowRange("line", MATRIX, 0, 1), MORE);
    assertEquals(one, other);
    assertEquals(one.hashCode(), other.hashCode());
    assertNotEquals(
        one, DerivedWeight.rows("one", DerivedWeight.rowRange("row", MATRIX, 1, 1), MORE));
    Weight twin = new Stored("more", Shape.of(1, 3), 7, 8, 9);
    assertNotEquals(
        DerivedWeight.rowRange("row", MORE, 0, 1), DerivedWeight.rowRange("row", twin, 0, 1));
    assertNotEquals(
        DerivedWeight.normShift(BIAS, BIAS, BIAS, BIAS, 1e-5),
        DerivedWeight.normShift(BIAS, BIAS, BIAS, BIAS, 1e-6));
  }

  @Test
  void scaledRows() {
    assertArrayEquals(
        new float[] {10, 20, 30, 80, 100, 120}, values(DerivedWeight.scaledRows(MATRIX, BIAS)));
    assertArrayEquals(new float[] {100, 400}, values(DerivedWeight.scaledRows(BIAS, BIAS)));
    assertThrows(IllegalArgumentException.class, () -> DerivedWeight.scaledRows(MATRIX, MORE));
  }

  @Test
  void columnBlocks() {
    Weight wide = new Stored("wide", Shape.of(2, 4), 1, 2, 3, 4, 5, 6, 7, 8);
    assertArrayEquals(
        new float[] {3, 4, 1, 2, 7, 8, 5, 6},
        values(DerivedWeight.columnBlocks(wide, List.of(1, 0))));
    assertThrows(
        IllegalArgumentException.class, () -> DerivedWeight.columnBlocks(wide, List.of(1, 1)));
    assertThrows(
        IllegalArgumentException.class, () -> DerivedWeight.columnBlocks(MATRIX, List.of(1, 0)));
  }

  @Test
  void ones() {
    assertArrayEquals(new float[] {1, 1}, values(DerivedWeight.ones(Shape.of(2, 1, 1, 1))));
    assertEquals(Set.of(), DerivedWeight.origins(DerivedWeight.ones(Shape.of(2))));
  }

  private static final Weight POSITIONS =
      new Stored("positions", Shape.of(1, 10, 1), 9, 1, 2, 4, 7, 3, -2, 5, 0.5f, -1.5f);

  @Test
  void firstPosition() {
    Weight token = new Stored("token", Shape.of(1, 1, 1), 2);
    Weight placed = DerivedWeight.firstPosition(token, POSITIONS);
    assertEquals(Shape.of(1, 1), placed.shape());
    assertArrayEquals(new float[] {11}, values(placed));
    assertThrows(
        IllegalArgumentException.class, () -> DerivedWeight.firstPosition(BIAS, POSITIONS));
  }

  /** The numbers are those of torch 2.14.1, {@code interpolate} of the 3 x 3 map in float64. */
  @ParameterizedTest
  @CsvSource({
    "3, 3, true, 1 2 4 7 3 -2 5 0.5 -1.5",
    "3, 4, true, 0.947761 1.486436 2.816651 4.104478 7.208955 4.843779 0.853134 -2.261194 5.235075 2.319925 -0.562208 -1.604478",
    "3, 4, false, 0.928223 1.419922 2.830566 4.143555 7.287109 4.990723 0.758789 -2.358887 5.322998 2.341309 -0.715088 -1.643555",
    "5, 2, true, 0.927678 3.623399 2.961776 2.050083 5.800963 -0.410915 4.513596 -0.948839 3.332384 -1.023744",
    "5, 2, false, 0.665375 4.022656 3.299953 1.815375 6.269531 -1.007812 5.279812 -1.459008 3.837781 -1.224016",
    "2, 2, true, 2.947363 2.050535 4.490638 -0.931876",
    "2, 2, false, 2.392731 2.54908 4.733231 -1.321747",
  })
  void resampledPositions(int height, int width, boolean antialias, String expected) {
    Weight code = DerivedWeight.resampledPositions(POSITIONS, height, width, antialias);
    assertEquals(Shape.of(height * width, 1), code.shape());
    float[] numbers = new float[height * width];
    String[] parts = expected.split(" ", -1);
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = Float.parseFloat(parts[i]);
    }
    // Half a digit that the list does not have.
    assertArrayEquals(numbers, values(code), 6e-7f);
    assertThrows(
        IllegalArgumentException.class,
        () -> DerivedWeight.resampledPositions(MATRIX, height, width, antialias));
  }

  @Test
  void sourcesThatDoNotFitAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> DerivedWeight.rows("joined", MATRIX, BIAS));
    assertThrows(
        IllegalArgumentException.class, () -> DerivedWeight.rowRange("part", MATRIX, 1, 2));
    assertThrows(IllegalArgumentException.class, () -> DerivedWeight.biasAsColumn(MATRIX, MORE));
    assertThrows(
        IllegalArgumentException.class, () -> DerivedWeight.scaledByNorm(MATRIX, MORE, MORE, 1e-5));
    assertThrows(
        IllegalArgumentException.class,
        () -> DerivedWeight.normShift(BIAS, MORE, BIAS, BIAS, 1e-5));
  }

  private static float[] values(Weight weight) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(4 * weight.shape().elements(), 64);
      weight.read(memory);
      return memory.toArray(ValueLayout.JAVA_FLOAT);
    }
  }
}
