package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.COUNT;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.ORDER;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.AveragePool;
import dev.detr4j.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** {@link AveragePool}, one row of output pixels a tile, channels along the lanes. */
final class VectorAveragePool implements HostOp<AveragePool> {
  @Override
  public List<HostKernel> bind(
      AveragePool op, BoundNode node, HostContext context, MemorySegment workspace) {
    Shape in = node.input(0).shape();
    Shape out = node.output(0).shape();
    return List.of(new Kernel(op, in, out, Rows.of(node.input(0)), Rows.of(node.output(0))));
  }

  private record Kernel(AveragePool op, Shape in, Shape shape, Rows x, Rows out)
      implements HostKernel {
    @Override
    public int tiles() {
      return Math.max(1, shape.get(0) * shape.get(1));
    }

    @Override
    public void run(int tile, MemorySegment scratch) {
      int item = tile / shape.get(1);
      int outRow = tile % shape.get(1);
      if (item >= shape.get(0)) {
        return;
      }
      int width = in.get(2);
      int top = outRow * op.stride();
      int rows = Math.min(op.kernel(), in.get(1) - top);
      for (int outColumn = 0; outColumn < shape.get(2); outColumn++) {
        int left = outColumn * op.stride();
        mean(
            x.row(item, (long) top * width + left),
            rows,
            Math.min(op.kernel(), width - left),
            width * x.pitch(),
            x.pitch(),
            shape.last(),
            out.row(item, (long) outRow * shape.get(2) + outColumn));
      }
    }
  }

  private static void mean(
      long corner, int rows, int columns, long rowPitch, long pitch, int channels, long out) {
    FloatVector count = FloatVector.broadcast(FLOATS, (float) (rows * columns));
    for (int c = 0; c < channels; c += COUNT) {
      VectorMask<Float> mask = FLOATS.indexInRange(c, channels);
      FloatVector sum = FloatVector.zero(FLOATS);
      for (int row = 0; row < rows; row++) {
        long at = corner + row * rowPitch + 4L * c;
        for (long end = at + columns * pitch; at != end; at += pitch) {
          sum = sum.add(FloatVector.fromMemorySegment(FLOATS, ALL, at, ORDER, mask));
        }
      }
      sum.div(count).intoMemorySegment(ALL, out + 4L * c, ORDER, mask);
    }
  }
}
