package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.COUNT;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.ORDER;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.MaxPool;
import dev.detr4j.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** {@link MaxPool}, one row of output pixels a tile, channels along the lanes. */
final class VectorMaxPool implements HostOp<MaxPool> {
  @Override
  public List<HostKernel> bind(
      MaxPool op, BoundNode node, HostContext context, MemorySegment workspace) {
    Shape in = node.input(0).shape();
    Shape out = node.output(0).shape();
    KernelWindow kernel =
        KernelWindow.square(op.kernel()).withStride(op.stride()).withPadding(op.padding());
    Window window = Window.between(in, out, kernel);
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

  /**
   * The largest of a window in each channel. FloatVector.max is NaN when either operand is, which
   * is what the contract asks for. The last vector overlaps the one before it.
   */
  private static void largest(
      long corner, int rows, int columns, long rowPitch, long pitch, int channels, long out) {
    if (channels < COUNT) {
      largestOfFew(corner, rows, columns, rowPitch, pitch, channels, out);
      return;
    }
    for (int c = 0; c < channels; c += COUNT) {
      long shift = 4L * Math.min(c, channels - COUNT);
      FloatVector largest = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
      for (int row = 0; row < rows; row++) {
        long at = corner + row * rowPitch + shift;
        for (long end = at + columns * pitch; at != end; at += pitch) {
          largest = largest.max(FloatVector.fromMemorySegment(FLOATS, ALL, at, ORDER));
        }
      }
      largest.intoMemorySegment(ALL, out + shift, ORDER);
    }
  }

  private static void largestOfFew(
      long corner, int rows, int columns, long rowPitch, long pitch, int channels, long out) {
    VectorMask<Float> mask = FLOATS.indexInRange(0, channels);
    FloatVector largest = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
    for (int row = 0; row < rows; row++) {
      long at = corner + row * rowPitch;
      for (long end = at + columns * pitch; at != end; at += pitch) {
        largest = largest.max(FloatVector.fromMemorySegment(FLOATS, ALL, at, ORDER, mask));
      }
    }
    largest.intoMemorySegment(ALL, out, ORDER, mask);
  }
}
