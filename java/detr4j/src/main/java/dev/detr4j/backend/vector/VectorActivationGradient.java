package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.BYTES;
import static dev.detr4j.backend.vector.Lanes.COUNT;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.ORDER;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.Activation;
import dev.detr4j.op.gradient.ActivationGradient;
import java.lang.foreign.MemorySegment;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** {@link ActivationGradient}, a block of rows a tile. */
final class VectorActivationGradient implements HostOp<ActivationGradient> {
  @Override
  public List<HostKernel> bind(
      ActivationGradient op, BoundNode node, HostContext context, MemorySegment workspace) {
    int columns = node.output(0).columns();
    return List.of(
        new Kernel(
            RowBlocks.of(node.output(0).batch(), node.output(0).rows(), columns),
            columns,
            op.activation() == Activation.RELU,
            Rows.of(node.input(0)),
            Rows.of(node.input(1)),
            Rows.of(node.output(0))));
  }

  private record Kernel(RowBlocks blocks, int columns, boolean relu, Rows dy, Rows at, Rows dz)
      implements HostKernel {
    @Override
    public int tiles() {
      return blocks.tiles();
    }

    @Override
    public long scratchBytes() {
      return relu ? 0 : 2 * padded();
    }

    /** A row with room up to a whole vector. */
    private long padded() {
      return 4L * columns + BYTES;
    }

    @Override
    public void run(int tile, MemorySegment scratch) {
      int item = blocks.item(tile);
      int end = blocks.end(tile);
      for (int row = blocks.first(tile); row < end; row++) {
        if (relu) {
          mask(dy.row(item, row), at.row(item, row), dz.row(item, row), columns);
        } else {
          long powers = scratch.address();
          long values = powers + padded();
          Memory.copy(at.row(item, row), values, 4L * columns);
          square(values, powers, columns);
          Exponential.write(powers, powers, columns, -0.5f, 0, 0);
          slope(values, powers, columns);
          multiply(dy.row(item, row), powers, dz.row(item, row), columns);
        }
      }
    }
  }

  private static void mask(long dy, long at, long dz, int columns) {
    int c = 0;
    for (; c + COUNT <= columns; c += COUNT) {
      FloatVector y = FloatVector.fromMemorySegment(FLOATS, ALL, at + 4L * c, ORDER);
      VectorMask<Float> off = y.compare(VectorOperators.LE, 0f);
      FloatVector.fromMemorySegment(FLOATS, ALL, dy + 4L * c, ORDER)
          .blend(0f, off)
          .intoMemorySegment(ALL, dz + 4L * c, ORDER);
    }
    for (; c < columns; c++) {
      Memory.setFloat(
          dz + 4L * c, Memory.getFloat(at + 4L * c) <= 0 ? 0 : Memory.getFloat(dy + 4L * c));
    }
  }

  private static void square(long x, long to, int columns) {
    for (int c = 0; c < columns; c += COUNT) {
      FloatVector v = FloatVector.fromMemorySegment(FLOATS, ALL, x + 4L * c, ORDER);
      v.mul(v).intoMemorySegment(ALL, to + 4L * c, ORDER);
    }
  }

  /**
   * The slope of GELU over powers: {@code Phi(x) + x phi(x)} from {@code e^(-x^2/2)}. Phi's tail is
   * the polynomial of {@code native/src/activation.h} times that power.
   */
  private static void slope(long x, long powers, int columns) {
    for (int c = 0; c < columns; c += COUNT) {
      FloatVector v = FloatVector.fromMemorySegment(FLOATS, ALL, x + 4L * c, ORDER);
      FloatVector e = FloatVector.fromMemorySegment(FLOATS, ALL, powers + 4L * c, ORDER);
      FloatVector one = FloatVector.broadcast(FLOATS, 1f);
      FloatVector t =
          one.div(v.lanewise(VectorOperators.ABS).fma(FloatVector.broadcast(FLOATS, 0.26f), one));
      FloatVector q = FloatVector.broadcast(FLOATS, 0.033926815f);
      q = q.fma(t, FloatVector.broadcast(FLOATS, -0.17052205f));
      q = q.fma(t, FloatVector.broadcast(FLOATS, 0.29098955f));
      q = q.fma(t, FloatVector.broadcast(FLOATS, -0.2008204f));
      q = q.fma(t, FloatVector.broadcast(FLOATS, 0.20012455f));
      q = q.fma(t, FloatVector.broadcast(FLOATS, 0.031204218f));
      q = q.fma(t, FloatVector.broadcast(FLOATS, 0.1094826f));
      q = q.fma(t, FloatVector.broadcast(FLOATS, 0.10171525f));
      q = q.fma(t, FloatVector.broadcast(FLOATS, 0.103906624f));
      q = q.fma(t, FloatVector.broadcast(FLOATS, -7.167197e-6f));
      q = q.mul(e);
      FloatVector phi = one.sub(q).blend(q, v.compare(VectorOperators.LT, 0f));
      v.mul(e)
          .fma(FloatVector.broadcast(FLOATS, 0.3989423f), phi)
          .intoMemorySegment(ALL, powers + 4L * c, ORDER);
    }
  }

  private static void multiply(long a, long b, long out, int columns) {
    int c = 0;
    for (; c + COUNT <= columns; c += COUNT) {
      FloatVector.fromMemorySegment(FLOATS, ALL, a + 4L * c, ORDER)
          .mul(FloatVector.fromMemorySegment(FLOATS, ALL, b + 4L * c, ORDER))
          .intoMemorySegment(ALL, out + 4L * c, ORDER);
    }
    for (; c < columns; c++) {
      Memory.setFloat(out + 4L * c, Memory.getFloat(a + 4L * c) * Memory.getFloat(b + 4L * c));
    }
  }
}
