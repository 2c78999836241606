package dev.detr4j.train.match;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The solver against all assignments of small matrices, tried one by one. */
class AssignmentTest {
  private final Assignment assignment = new Assignment();

  @Test
  void noOtherAssignmentIsCheaper() {
    SplittableRandom random = new SplittableRandom(20);
    for (int trial = 0; trial < 2000; trial++) {
      int rows = 1 + random.nextInt(6);
      int columns = 1 + random.nextInt(6);
      double[] costs = new double[rows * columns];
      boolean coarse = trial % 3 == 0;
      for (int i = 0; i < costs.length; i++) {
        costs[i] = coarse ? random.nextInt(-2, 3) : random.nextDouble(-3, 3);
      }
      int[] columnOfRow = new int[rows];
      double sum = assignment.solve(costs, rows, columns, columnOfRow);
      int seen = 0;
      int pairs = 0;
      double again = 0;
      for (int row = 0; row < rows; row++) {
        if (columnOfRow[row] >= 0) {
          assertEquals(0, seen & (1 << columnOfRow[row]), "column taken twice");
          seen |= 1 << columnOfRow[row];
          pairs++;
          again += costs[row * columns + columnOfRow[row]];
        }
      }
      assertEquals(Math.min(rows, columns), pairs);
      // Sums of at most 6 numbers below 3.
      assertEquals(again, sum, 1e-14);
      assertEquals(cheapest(costs, rows, columns, 0, 0, pairs), sum, 1e-13);
    }
  }

  private static double cheapest(
      double[] costs, int rows, int columns, int row, int taken, int pairs) {
    if (pairs == 0) {
      return 0;
    }
    if (row == rows) {
      return Double.POSITIVE_INFINITY;
    }
    double best = cheapest(costs, rows, columns, row + 1, taken, pairs);
    for (int column = 0; column < columns; column++) {
      if ((taken & (1 << column)) == 0) {
        double rest = cheapest(costs, rows, columns, row + 1, taken | (1 << column), pairs - 1);
        best = Math.min(best, costs[row * columns + column] + rest);
      }
    }
    return best;
  }

  @Test
  void equalCostsGoInOrder() {
    int[] columnOfRow = new int[4];
    assertEquals(
        4,
        assignment.solve(
            new double[] {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1},
            4,
            5,
            columnOfRow));
    assertArrayEquals(new int[] {0, 1, 2, 3}, columnOfRow);
  }

  @Test
  void emptySidesHaveNoPairs() {
    int[] columnOfRow = {7, 7};
    assertEquals(0, assignment.solve(new double[0], 2, 0, columnOfRow));
    assertArrayEquals(new int[] {-1, -1}, columnOfRow);
    assertEquals(0, assignment.solve(new double[0], 0, 3, columnOfRow));
  }

  @Test
  void infinityIsRefused() {
    double[] costs = {1, Double.NaN, Double.NaN, Double.NaN};
    assertTrue(
        assertThrows(
                IllegalArgumentException.class, () -> assignment.solve(costs, 2, 2, new int[2]))
            .getMessage()
            .contains("not finite"));
  }
}
