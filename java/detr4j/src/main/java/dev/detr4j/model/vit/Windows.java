package dev.detr4j.model.vit;

import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Tokens of a map in the order of its windows: row by row over the windows, and in each row by row
 * over its cells, behind a copy of the class token if there is one.
 *
 * @param height of the map in cells, a multiple of {@code windows}
 * @param width of the map in cells, a multiple of {@code windows}
 * @param windows on a side
 * @param classTokens 1 where tokens of a map begin with a class token, and those of each window
 *     with a copy; else 0
 */
record Windows(int height, int width, int windows, int classTokens) {
  /** Windows of one map. */
  int count() {
    return windows * windows;
  }

  /** Tokens of one window. */
  int tokens() {
    return classTokens + height * width / count();
  }

  /** Indices I32 {@code [N, count tokens]} into the tokens of a map, class token first. */
  Value cut(Graph.Builder graph, int batch) {
    int[] from = new int[count() * tokens()];
    visit((token, cell) -> from[token] = cell < 0 ? 0 : classTokens + cell);
    return indices(graph, "windows", from, batch);
  }

  /** Indices I32 {@code [N, height width]} into the tokens of all windows: the cells of the map. */
  Value restored(Graph.Builder graph, int batch) {
    int[] from = new int[height * width];
    visit((token, cell) -> {
      if (cell >= 0) {
        from[cell] = token;
      }
    });
    return indices(graph, "map", from, batch);
  }

  private interface Visitor {
    /**
     * Takes one token.
     *
     * @param cell its cell of the map, or -1 for a class token
     */
    void visit(int token, int cell);
  }

  private void visit(Visitor visitor) {
    int rows = height / windows;
    int columns = width / windows;
    int token = 0;
    for (int window = 0; window < count(); window++) {
      if (classTokens > 0) {
        visitor.visit(token++, -1);
      }
      for (int y = 0; y < rows; y++) {
        for (int x = 0; x < columns; x++) {
          int cell = (window / windows * rows + y) * width + window % windows * columns + x;
          visitor.visit(token++, cell);
        }
      }
    }
  }

  static Value indices(Graph.Builder graph, String name, int[] from, int batch) {
    return graph.constant(
        name + ".indices",
        ElementType.I32,
        Shape.of(batch, from.length),
        out -> {
          for (int n = 0; n < batch; n++) {
            MemorySegment.copy(
                from, 0, out, ValueLayout.JAVA_INT, 4L * n * from.length, from.length);
          }
        });
  }
}
