package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.COUNT;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.ORDER;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.LayerNorm;
import java.lang.foreign.MemorySegment;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * {@link LayerNorm}, a block of rows a tile. The sum of a row goes to scratch first, so that the
 * variance is taken from the deviations and so that inputs may share memory with outputs.
 */
final class VectorLayerNorm implements HostOp<LayerNorm> {
  @Override
  public List<HostKernel> bind(
      LayerNorm op, BoundNode node, HostContext context, MemorySegment workspace) {
    return List.of(
        new Kernel(
            RowBlocks.of(node.output(0).batch(), node.output(0).rows(), op.channels()),
            op.channels(),
            op.epsilon(),
            context.weights().plain(node.weight(0)).address(),
            context.weights().plain(node.weight(1)).address(),
            Rows.of(node.input(0)),
            op.hasResidual() ? Rows.of(node.input(1)) : Rows.none(),
            op.hasAddend() ? Rows.of(node.input(node.inputs().size() - 1)) : Rows.none(),
            Rows.of(node.output(0)),
            op.hasAddend() ? Rows.of(node.output(1)) : Rows.none()));
  }

  private record Kernel(
      RowBlocks blocks,
      int channels,
      float epsilon,
      long weight,
      long bias,
      Rows x,
      Rows residual,
      Rows addend,
      Rows y,
      Rows plus)
      implements HostKernel {
    @Override
    public int tiles() {
      return blocks.tiles();
    }

    @Override
    public long scratchBytes() {
      return 4L * channels + 2L * Lanes.BYTES;
    }

    @Override
    public void run(int tile, MemorySegment scratch) {
      int item = blocks.item(tile);
      int end = blocks.end(tile);
      long lanes = scratch.address();
      long sums = lanes + Lanes.BYTES;
      for (int row = blocks.first(tile); row < end; row++) {
        sum(x.row(item, row), residual.rowOrZero(item, row), sums, channels, lanes);
        float mean = AcrossLanes.sum(lanes) / channels;
        squares(sums, channels, mean, lanes);
        float variance = AcrossLanes.sum(lanes) / channels;
        float scale = (float) (1 / Math.sqrt((double) variance + epsilon));
        long more = addend.rowOrZero(item, row);
        if (more == 0) {
          normalise(sums, channels, mean, scale, weight, bias, y.row(item, row));
        } else {
          normaliseAndAdd(
              sums,
              channels,
              mean,
              scale,
              weight,
              bias,
              more,
              y.row(item, row),
              plus.row(item, row));
        }
      }
    }
  }

  /**
   * Writes x + residual. Zeros follow up to a whole vector.
   *
   * @param lanes where the vector goes whose lanes add up to the sum
   */
  private static void sum(long x, long residual, long sums, int channels, long lanes) {
    FloatVector total = FloatVector.zero(FLOATS);
    long other = residual == 0 ? x : residual;
    FloatVector use = FloatVector.broadcast(FLOATS, residual == 0 ? 0.0f : 1.0f);
    VectorMask<Float> one = use.compare(VectorOperators.NE, 0.0f);
    FloatVector zero = FloatVector.zero(FLOATS);
    int c = 0;
    for (; c + COUNT <= channels; c += COUNT) {
      FloatVector s =
          FloatVector.fromMemorySegment(FLOATS, ALL, x + 4L * c, ORDER)
              .add(
                  zero.blend(
                      FloatVector.fromMemorySegment(FLOATS, ALL, other + 4L * c, ORDER), one));
      s.intoMemorySegment(ALL, sums + 4L * c, ORDER);
      total = total.add(s);
    }
    if (c < channels) {
      VectorMask<Float> tail = FLOATS.indexInRange(c, channels);
      FloatVector s =
          FloatVector.fromMemorySegment(FLOATS, ALL, x + 4L * c, ORDER, tail)
              .add(
                  zero.blend(
                      FloatVector.fromMemorySegment(FLOATS, ALL, other + 4L * c, ORDER, tail),
                      one));
      s.intoMemorySegment(ALL, sums + 4L * c, ORDER);
      total = total.add(s);
    }
    total.intoMemorySegment(ALL, lanes, ORDER);
  }

  private static void squares(long sums, int channels, float mean, long lanes) {
    FloatVector total = FloatVector.zero(FLOATS);
    FloatVector centre = FloatVector.broadcast(FLOATS, mean);
    int c = 0;
    for (; c + COUNT <= channels; c += COUNT) {
      FloatVector d = FloatVector.fromMemorySegment(FLOATS, ALL, sums + 4L * c, ORDER).sub(centre);
      total = d.fma(d, total);
    }
    if (c < channels) {
      FloatVector d = FloatVector.fromMemorySegment(FLOATS, ALL, sums + 4L * c, ORDER).sub(centre);
      d = FloatVector.zero(FLOATS).blend(d, FLOATS.indexInRange(c, channels));
      total = d.fma(d, total);
    }
    total.intoMemorySegment(ALL, lanes, ORDER);
  }

  private static void normalise(
      long sums, int channels, float mean, float scale, long weight, long bias, long y) {
    FloatVector centre = FloatVector.broadcast(FLOATS, mean);
    int c = 0;
    for (; c + COUNT <= channels; c += COUNT) {
      FloatVector.fromMemorySegment(FLOATS, ALL, sums + 4L * c, ORDER)
          .sub(centre)
          .mul(scale)
          .fma(
              FloatVector.fromMemorySegment(FLOATS, ALL, weight + 4L * c, ORDER),
              FloatVector.fromMemorySegment(FLOATS, ALL, bias + 4L * c, ORDER))
          .intoMemorySegment(ALL, y + 4L * c, ORDER);
    }
    for (; c < channels; c++) {
      Memory.setFloat(y + 4L * c, element(sums, c, mean, scale, weight, bias));
    }
  }

  private static void normaliseAndAdd(
      long sums,
      int channels,
      float mean,
      float scale,
      long weight,
      long bias,
      long addend,
      long y,
      long plus) {
    FloatVector centre = FloatVector.broadcast(FLOATS, mean);
    int c = 0;
    for (; c + COUNT <= channels; c += COUNT) {
      FloatVector more = FloatVector.fromMemorySegment(FLOATS, ALL, addend + 4L * c, ORDER);
      FloatVector value =
          FloatVector.fromMemorySegment(FLOATS, ALL, sums + 4L * c, ORDER)
              .sub(centre)
              .mul(scale)
              .fma(
                  FloatVector.fromMemorySegment(FLOATS, ALL, weight + 4L * c, ORDER),
                  FloatVector.fromMemorySegment(FLOATS, ALL, bias + 4L * c, ORDER));
      value.intoMemorySegment(ALL, y + 4L * c, ORDER);
      value.add(more).intoMemorySegment(ALL, plus + 4L * c, ORDER);
    }
    for (; c < channels; c++) {
      float more = Memory.getFloat(addend + 4L * c);
      float value = element(sums, c, mean, scale, weight, bias);
      Memory.setFloat(y + 4L * c, value);
      Memory.setFloat(plus + 4L * c, value + more);
    }
  }

  private static float element(long sums, int c, float mean, float scale, long weight, long bias) {
    return Math.fma(
        (Memory.getFloat(sums + 4L * c) - mean) * scale,
        Memory.getFloat(weight + 4L * c),
        Memory.getFloat(bias + 4L * c));
  }
}
