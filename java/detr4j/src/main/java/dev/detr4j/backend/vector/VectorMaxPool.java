package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.COUNT;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.ORDER;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.MaxPool;
import dev.detr4j.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;
import jdk.incubator.vector.FloatVector;

/** {@link MaxPool}, one row of output pixels a tile, channels along the lanes. */
final class VectorMaxPool implements HostOp<MaxPool> {
  @Override
  public List<HostKernel> bind(
      MaxPool op, BoundNode node, HostContext context, MemorySegment workspace) {
    Shape in = node.input(0).shape();
    Shape out = node.output(0).shape();
    Window window =
        new Window(
            in.get(1),
            in.get(2),
            out.get(1),
            out.get(2),
            op.kernel(),
            op.kernel(),
            op.stride(),
            op.padding(),
            1);
    return List.of(
        new Kernel(
            window, out.get(0), out.last(), Rows.of(node.input(0)), Rows.of(node.output(0))));
  }

  private record Kernel(Window window, int batch, int channels, Rows x, Rows out)
      implements HostKernel {
    @Override
    public int tiles() {
      return Math.max(1, batch * window.outHeight());
    }

    @Override
    public void run(int tile, MemorySegment scratch) {
      int item = tile / window.outHeight();
      int outRow = tile % window.outHeight();
      if (item >= batch) {
        return;
      }
      int top = Math.max(0, window.row(outRow, 0));
      int bottom = Math.min(window.inHeight(), window.row(outRow, 0) + window.kernelHeight());
      long rowPitch = window.inWidth() * x.pitch();
      for (int outColumn = 0; outColumn < window.outWidth(); outColumn++) {
        int left = Math.max(0, window.column(outColumn, 0));
        int right = Math.min(window.inWidth(), window.column(outColumn, 0) + window.kernelWidth());
        largest(
            x.row(item, (long) top * window.inWidth() + left),
            bottom - top,
            right - left,
            rowPitch,
            x.pitch(),
            channels,
            out.row(item, (long) outRow * window.outWidth() + outColumn));
      }
    }
  }

  /** FloatVector.max is NaN when either operand is, which is what the contract asks for. */
  private static void largest(
      long corner, int rows, int columns, long rowPitch, long pitch, int channels, long out) {
    int c = 0;
    for (; c + COUNT <= channels; c += COUNT) {
      FloatVector largest = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
      for (int row = 0; row < rows; row++) {
        long at = corner + row * rowPitch + 4L * c;
        for (int column = 0; column < columns; column++, at += pitch) {
          largest = largest.max(FloatVector.fromMemorySegment(FLOATS, ALL, at, ORDER));
        }
      }
      largest.intoMemorySegment(ALL, out + 4L * c, ORDER);
    }
    for (; c < channels; c++) {
      float largest = Float.NEGATIVE_INFINITY;
      for (int row = 0; row < rows; row++) {
        for (int column = 0; column < columns; column++) {
          long at = corner + row * rowPitch + column * pitch + 4L * c;
          largest = Math.max(largest, Memory.getFloat(at));
        }
      }
      Memory.setFloat(out + 4L * c, largest);
    }
  }
}
