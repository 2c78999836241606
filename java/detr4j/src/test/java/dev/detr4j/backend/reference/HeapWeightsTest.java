package dev.detr4j.backend.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

/** Graphs of further sizes add no arrays. */
class HeapWeightsTest {
  private static final Weight MATRIX =
      new Weight() {
        @Override
        public String name() {
          return "matrix";
        }

        @Override
        public Shape shape() {
          return Shape.of(3, 2);
        }

        @Override
        public void read(MemorySegment destination) {
          for (int i = 0; i < 6; i++) {
            destination.setAtIndex(ValueLayout.JAVA_FLOAT, i, i);
          }
        }
      };

  private static Weight lastRows() {
    return DerivedWeight.rowRange("last rows", MATRIX, 1, 2);
  }

  @Test
  void equalWeightsShareAnArray() {
    HeapWeights weights = new HeapWeights();
    float[] plain = weights.plain(lastRows());
    assertArrayEquals(new float[] {2, 3, 4, 5}, plain);
    assertSame(plain, weights.plain(lastRows()));
    float[] byInput = weights.inputMajor(lastRows(), 2, 2, 1, 1);
    assertArrayEquals(new float[] {2, 4, 3, 5}, byInput);
    assertSame(byInput, weights.inputMajor(lastRows(), 2, 2, 1, 1));
  }
}
