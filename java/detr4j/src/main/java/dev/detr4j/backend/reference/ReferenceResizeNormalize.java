package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.ResamplingTable;
import dev.detr4j.op.ResizeNormalize;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Objects;

/**
 * {@link ResizeNormalize}: a phase over the rows of the source, then one over the rows of the
 * output; exact in integers, or linear in one phase of doubles.
 */
final class ReferenceResizeNormalize implements HostOp<ResizeNormalize> {
  /** The source with its width already changed: {@code [sourceHeight, width, 3]} integers. */
  @Override
  public long workspaceBytes(ResizeNormalize op, BoundNode node, HostContext context) {
    return 12L * op.sourceHeight() * op.width();
  }

  @Override
  public List<HostKernel> bind(
      ResizeNormalize op, BoundNode node, HostContext context, MemorySegment workspace) {
    Elements pixels = new Elements(node.input(0));
    Elements out = new Elements(node.output(0));
    if (op.arithmetic() == ResizeNormalize.Arithmetic.LINEAR_F32) {
      return List.of(
          TiledLoop.of(op.paddedHeight(), (row, scratch) -> linear(op, pixels, row, out)));
    }
    return List.of(
        TiledLoop.of(
            op.sourceHeight(),
            (row, scratch) -> {
              for (int i = 0; i < 3 * op.width(); i++) {
                workspace.setAtIndex(
                    ValueLayout.JAVA_INT,
                    3L * row * op.width() + i,
                    horizontal(op, pixels, row, i / 3, i % 3));
              }
            }),
        TiledLoop.of(
            op.paddedHeight(),
            (row, scratch) -> {
              for (int column = 0; column < op.paddedWidth(); column++) {
                for (int c = 0; c < 3; c++) {
                  float value = 0;
                  if (row < op.height() && column < op.width()) {
                    value = op.lookup().get(256 * c + vertical(op, workspace, row, column, c));
                  }
                  out.f32(0, (long) row * op.paddedWidth() + column, c, value);
                }
              }
            }));
  }

  private static void linear(ResizeNormalize op, Elements pixels, int row, Elements out) {
    ResamplingTable across = Objects.requireNonNull(op.horizontal());
    ResamplingTable down = Objects.requireNonNull(op.vertical());
    for (int column = 0; column < op.paddedWidth(); column++) {
      boolean inside = row < op.height() && column < op.width();
      for (int c = 0; c < 3; c++) {
        double sum = 0;
        for (int j = 0; inside && j < 4; j++) {
          int y = Math.clamp(down.start()[row] + j / 2, 0, op.sourceHeight() - 1);
          int x = Math.clamp(across.start()[column] + j % 2, 0, op.sourceWidth() - 1);
          int value = pixels.u8(0, (long) y * op.sourceWidth() + x, c);
          sum +=
              part(down, 2 * row + j / 2)
                  * part(across, 2 * column + j % 2)
                  * op.lookup().get(256 * c + value);
        }
        out.f32(0, (long) row * op.paddedWidth() + column, c, (float) sum);
      }
    }
  }

  private static double part(ResamplingTable table, int index) {
    return table.weights()[index] / (double) (1L << table.precision());
  }

  private static int horizontal(
      ResizeNormalize op, Elements pixels, int row, int column, int channel) {
    ResamplingTable table = op.horizontal();
    long source = (long) row * op.sourceWidth();
    if (table == null) {
      return pixels.u8(0, source + column, channel);
    }
    long sum = 0;
    for (int j = 0; j < table.count()[column]; j++) {
      int position = Math.clamp(table.start()[column] + (long) j, 0, op.sourceWidth() - 1);
      sum +=
          (long) table.weights()[column * table.maxCount() + j]
              * pixels.u8(0, source + position, channel);
    }
    if (op.arithmetic() == ResizeNormalize.Arithmetic.OPENCV_LINEAR) {
      return (int) sum;
    }
    return rounded(sum, table.precision());
  }

  private static int vertical(
      ResizeNormalize op, MemorySegment between, int row, int column, int channel) {
    ResamplingTable table = op.vertical();
    if (table == null) {
      return between(op, between, row, column, channel);
    }
    if (op.arithmetic() == ResizeNormalize.Arithmetic.OPENCV_LINEAR) {
      long sum = 2;
      for (int j = 0; j < 2; j++) {
        int position = Math.clamp(table.start()[row] + (long) j, 0, op.sourceHeight() - 1);
        long value = between(op, between, position, column, channel) >> 4;
        sum += (table.weights()[2 * row + j] * value) >> 16;
      }
      return (int) Math.clamp(sum >> 2, 0L, 255L);
    }
    long sum = 0;
    for (int j = 0; j < table.count()[row]; j++) {
      sum +=
          (long) table.weights()[row * table.maxCount() + j]
              * between(op, between, table.start()[row] + j, column, channel);
    }
    return rounded(sum, table.precision());
  }

  private static int between(
      ResizeNormalize op, MemorySegment between, int row, int column, int channel) {
    return between.getAtIndex(
        ValueLayout.JAVA_INT, 3L * ((long) row * op.width() + column) + channel);
  }

  private static int rounded(long sum, int precision) {
    long value = ((1L << (precision - 1)) + sum) >> precision;
    return (int) Math.min(Math.max(value, 0), 255);
  }
}
