package dev.detr4j.parity;

import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.op.Add;
import dev.detr4j.op.TopK;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A graph by lot: sums of whole values, of rows and of columns, joint memory, constants, operations
 * with two outputs. It means nothing, and can be planned.
 */
final class RandomGraph {
  private static final int ROWS = 8;
  private static final int COLUMNS = 32;

  private final Random random;
  private final Graph.Builder graph = new Graph.Builder();
  private final List<Value> values = new ArrayList<>();
  private int nodes;

  private RandomGraph(long seed) {
    random = new Random(seed);
  }

  static Graph of(long seed) {
    return new RandomGraph(seed).build();
  }

  private static Shape shape(int rows, int columns) {
    return Shape.of(1, rows, columns);
  }

  private Graph build() {
    for (int i = 0; i <= random.nextInt(3); i++) {
      values.add(graph.input("input " + i, ElementType.F32, shape(ROWS, COLUMNS)));
    }
    for (int i = 0; i < random.nextInt(4); i++) {
      values.add(
          graph.constant("constant " + i, ElementType.F32, shape(ROWS, COLUMNS), memory -> {}));
    }
    int steps = 1 + random.nextInt(60);
    for (int i = 0; i < steps; i++) {
      switch (random.nextInt(5)) {
        case 0 -> joint();
        case 1 -> best();
        default -> values.add(sum(ROWS, random.nextBoolean() ? COLUMNS : COLUMNS / 2));
      }
    }
    for (int i = 0; i < 4; i++) {
      graph.tap("tap " + i, values.get(random.nextInt(values.size())));
    }
    graph.output("any", values.get(random.nextInt(values.size())));
    graph.output("last", values.getLast());
    return graph.build();
  }

  private String label(String kind) {
    return kind + " " + nodes++;
  }

  private Value sum(int rows, int columns) {
    return graph.add(label("sum"), new Add(), part(rows, columns), part(rows, columns));
  }

  /** Memory that two nodes fill, by rows or by columns, perhaps with another in between. */
  private void joint() {
    Value joint = graph.joint(label("joint"), ElementType.F32, shape(ROWS, COLUMNS));
    boolean byRows = random.nextBoolean();
    int rows = byRows ? ROWS / 2 : ROWS;
    int columns = byRows ? COLUMNS : COLUMNS / 2;
    for (int half = 0; half < 2; half++) {
      Value into =
          byRows
              ? joint.rowsFrom("rows", (long) half * rows, shape(rows, columns))
              : joint.columns("columns", half * columns, columns);
      graph.addInto(label("part"), new Add(), into, part(rows, columns), part(rows, columns));
      if (random.nextBoolean()) {
        values.add(sum(ROWS, COLUMNS));
      }
    }
    values.add(joint);
  }

  private void best() {
    int count = 1 + random.nextInt(2 * COLUMNS);
    List<Value> both = graph.addAll(label("best"), new TopK(count), part(ROWS, COLUMNS));
    graph.tap(both.get(1).name() + " indices", both.get(1));
  }

  /** A view of so many rows and columns of some value that has them. */
  private Value part(int rows, int columns) {
    List<Value> wide =
        values.stream()
            .filter(value -> value.shape().rank() == 3 && value.shape().last() >= columns)
            .toList();
    Value of = wide.get(random.nextInt(wide.size()));
    int spareColumns = of.shape().last() - columns;
    if (spareColumns > 0) {
      of = of.columns("columns", random.nextInt(spareColumns + 1), columns);
    }
    int spareRows = of.shape().get(1) - rows;
    return spareRows > 0
        ? of.rowsFrom("rows", random.nextInt(spareRows + 1), shape(rows, columns))
        : of;
  }
}
