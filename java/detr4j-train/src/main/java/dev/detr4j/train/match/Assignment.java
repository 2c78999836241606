package dev.detr4j.train.match;

import java.util.Arrays;

/**
 * The rectangular linear assignment problem: the pairs of rows and columns, each used at most once,
 * as many as the smaller extent has, whose costs have the least sum.
 *
 * <p>Shortest augmenting paths with dual prices (Jonker and Volgenant 1987; Crouse 2016 for
 * rectangular matrices), in double. Rows of the smaller side are added in rising order. Among
 * columns at one distance a free one comes first, then the one with the lowest index, so the result
 * is a function of the costs. Takes {@code O(short^2 * long)} at worst and keeps its work space.
 * Not thread-safe.
 */
public final class Assignment {
  private double[] distance = new double[0];
  private double[] rowPrice = new double[0];
  private double[] columnPrice = new double[0];
  private int[] rowOf = new int[0];
  private int[] columnOf = new int[0];
  private int[] before = new int[0];
  private boolean[] seenRow = new boolean[0];
  private boolean[] seenColumn = new boolean[0];

  /** Makes a solver without work space. */
  public Assignment() {}

  /**
   * Solves one problem.
   *
   * @param costs {@code rows * columns} finite numbers, row-major
   * @param columnOfRow receives the column of each row, or -1 for a row without one
   * @return the sum of the chosen costs
   */
  public double solve(double[] costs, int rows, int columns, int[] columnOfRow) {
    Arrays.fill(columnOfRow, 0, rows, -1);
    if (rows == 0 || columns == 0) {
      return 0;
    }
    boolean turned = rows > columns;
    int few = turned ? columns : rows;
    int many = turned ? rows : columns;
    int fewStride = turned ? 1 : columns;
    int manyStride = turned ? columns : 1;
    reserve(few, many);
    for (int row = 0; row < few; row++) {
      augment(costs, row, few, many, fewStride, manyStride);
    }
    double sum = 0;
    for (int i = 0; i < few; i++) {
      int j = columnOf[i];
      sum += costs[i * fewStride + j * manyStride];
      if (turned) {
        columnOfRow[j] = i;
      } else {
        columnOfRow[i] = j;
      }
    }
    return sum;
  }

  private void augment(
      double[] costs, int start, int few, int many, int fewStride, int manyStride) {
    Arrays.fill(seenRow, 0, few, false);
    Arrays.fill(seenColumn, 0, many, false);
    Arrays.fill(distance, 0, many, Double.POSITIVE_INFINITY);
    int row = start;
    int end = -1;
    double reached = 0;
    while (end < 0) {
      seenRow[row] = true;
      double nearest = Double.POSITIVE_INFINITY;
      int next = -1;
      double offset = reached - rowPrice[row];
      for (int j = 0; j < many; j++) {
        if (seenColumn[j]) {
          continue;
        }
        double through = offset + costs[row * fewStride + j * manyStride] - columnPrice[j];
        if (through < distance[j]) {
          distance[j] = through;
          before[j] = row;
        }
        if (distance[j] < nearest
            || (distance[j] == nearest && rowOf[j] < 0 && next >= 0 && rowOf[next] >= 0)) {
          nearest = distance[j];
          next = j;
        }
      }
      if (next < 0) {
        throw new IllegalArgumentException("costs are not finite");
      }
      reached = nearest;
      seenColumn[next] = true;
      if (rowOf[next] < 0) {
        end = next;
      } else {
        row = rowOf[next];
      }
    }
    rowPrice[start] += reached;
    for (int i = 0; i < few; i++) {
      if (seenRow[i] && i != start) {
        rowPrice[i] += reached - distance[columnOf[i]];
      }
    }
    for (int j = 0; j < many; j++) {
      if (seenColumn[j]) {
        columnPrice[j] -= reached - distance[j];
      }
    }
    int column = end;
    while (true) {
      int owner = before[column];
      rowOf[column] = owner;
      int freed = columnOf[owner];
      columnOf[owner] = column;
      if (owner == start) {
        return;
      }
      column = freed;
    }
  }

  private void reserve(int few, int many) {
    if (rowPrice.length < few) {
      rowPrice = new double[few];
      columnOf = new int[few];
      seenRow = new boolean[few];
    }
    if (distance.length < many) {
      distance = new double[many];
      columnPrice = new double[many];
      rowOf = new int[many];
      before = new int[many];
      seenColumn = new boolean[many];
    }
    Arrays.fill(rowPrice, 0, few, 0);
    Arrays.fill(columnPrice, 0, many, 0);
    Arrays.fill(columnOf, 0, few, -1);
    Arrays.fill(rowOf, 0, many, -1);
  }
}
