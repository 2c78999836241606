package dev.detr4j.backend.vector;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.LevelShape;
import dev.detr4j.op.SinePositionEmbedding;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * {@link SinePositionEmbedding} in two phases: the features of every row and of every column, then
 * cells that are put together from them.
 *
 * <p>A cell's y depends on its column only through whether that lies in the valid part, and x on
 * the row likewise. Workspace: {@code [item][y of rows, y outside, x of columns, x
 * outside][features]}; outside the valid part all counts are 0, so one entry serves.
 */
final class VectorSinePositionEmbedding implements HostOp<SinePositionEmbedding> {
  @Override
  public long workspaceBytes(SinePositionEmbedding op, BoundNode node, HostContext context) {
    return op.valid().size() * itemBytes(op);
  }

  private static long itemBytes(SinePositionEmbedding op) {
    return 4L * op.features() * (op.height() + op.width() + 2);
  }

  @Override
  public List<HostKernel> bind(
      SinePositionEmbedding op, BoundNode node, HostContext context, MemorySegment workspace) {
    int items = op.valid().size();
    int[] heights = op.valid().stream().mapToInt(LevelShape::height).toArray();
    int[] widths = op.valid().stream().mapToInt(LevelShape::width).toArray();
    long divisors = SineAngles.divisors(op.features(), context.arena());
    long addend =
        op.hasLevelEmbedding()
            ? context.weights().plain(node.weight(0)).address()
            : context.arena().allocate(8L * op.features(), 64).address();
    Axes axes =
        new Axes(op.height(), op.width(), op.features(), heights, widths, workspace.address());
    return List.of(
        new Features(axes, items, op.offset(), divisors),
        new Cells(
            axes,
            RowBlocks.of(items, (long) op.height() * op.width(), 2L * op.features()),
            addend,
            Rows.of(node.output(0))));
  }

  /** Where the features of rows and columns lie. */
  private record Axes(
      int height, int width, int features, int[] heights, int[] widths, long workspace) {
    private long entry(int item, int index) {
      return workspace + 4L * features * ((long) item * (height + width + 2) + index);
    }

    long y(int item, int row, int column) {
      return entry(item, column < widths[item] ? row : height);
    }

    long x(int item, int row, int column) {
      return entry(item, height + 1 + (row < heights[item] ? column : width));
    }
  }

  private record Features(Axes axes, int items, float offset, long divisors) implements HostKernel {
    @Override
    public int tiles() {
      return Math.max(1, items);
    }

    @Override
    public void run(int item, MemorySegment scratch) {
      if (item >= items) {
        return;
      }
      int rows = axes.heights[item];
      int columns = axes.widths[item];
      for (int row = 0; row < axes.height; row++) {
        write(Math.min(row + 1, rows), rows, axes.entry(item, row));
      }
      write(0, 0, axes.entry(item, axes.height));
      for (int column = 0; column < axes.width; column++) {
        write(Math.min(column + 1, columns), columns, axes.entry(item, axes.height + 1 + column));
      }
      write(0, 0, axes.entry(item, axes.height + 1 + axes.width));
    }

    private void write(int count, int last, long to) {
      float coordinate = (count + offset) / (last + 1e-6f) * SineAngles.TWO_PI;
      SineAngles.write(coordinate, axes.features, divisors, to);
    }
  }

  private record Cells(Axes axes, RowBlocks blocks, long addend, Rows out) implements HostKernel {
    @Override
    public int tiles() {
      return blocks.tiles();
    }

    @Override
    public void run(int tile, MemorySegment scratch) {
      int item = blocks.item(tile);
      int end = blocks.end(tile);
      int features = axes.features;
      for (int cell = blocks.first(tile); cell < end; cell++) {
        int row = cell / axes.width;
        int column = cell % axes.width;
        long to = out.row(item, cell);
        VectorAdd.add(axes.y(item, row, column), addend, to, features);
        VectorAdd.add(
            axes.x(item, row, column), addend + 4L * features, to + 4L * features, features);
      }
    }
  }
}
