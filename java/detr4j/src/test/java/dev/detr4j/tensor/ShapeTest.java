package dev.detr4j.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class ShapeTest {
  @Test
  void extentsCountFromBothEnds() {
    Shape shape = Shape.of(2, 3, 5);
    assertEquals(3, shape.rank());
    assertEquals(2, shape.get(0));
    assertEquals(5, shape.get(-1));
    assertEquals(5, shape.last());
    assertEquals(30, shape.elements());
    assertEquals("[2, 3, 5]", shape.toString());
  }

  @Test
  void scalarHasOneElement() {
    assertEquals(1, Shape.of().elements());
    assertArrayEquals(new int[0], Shape.of().toArray());
  }

  @Test
  void elementsBeyondLongAreRefused() {
    Shape shape = Shape.of(Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE);
    assertThrows(ArithmeticException.class, shape::elements);
  }

  @Test
  void negativeExtentIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> Shape.of(1, -1));
  }
}
