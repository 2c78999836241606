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
import dev.detr4j.backend.host.NormSums;
import dev.detr4j.op.LayerNorm;
import dev.detr4j.op.gradient.LayerNormGradient;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;
import java.util.List;
import jdk.incubator.vector.FloatVector;

/**
 * {@link LayerNormGradient}, some rows a tile, which leaves the sums of the weights; then those are
 * added up. A row's s, normal form and gradient lie in scratch, with zeros up to a whole vector.
 */
final class VectorLayerNormGradient implements HostOp<LayerNormGradient> {
  @Override
  public long workspaceBytes(LayerNormGradient op, BoundNode node, HostContext context) {
    TensorView x = node.input(0);
    int channels = op.of().channels();
    int rows = NormSums.rowsPerTile(x.batch(), x.rows(), channels);
    return 8L * channels * NormSums.tiles(x.batch(), x.rows(), rows);
  }

  @Override
  public List<HostKernel> bind(
      LayerNormGradient op, BoundNode node, HostContext context, MemorySegment workspace) {
    LayerNorm of = op.of();
    TensorView x = node.input(0);
    int next = of.hasResidual() ? 2 : 1;
    int rows = NormSums.rowsPerTile(x.batch(), x.rows(), of.channels());
    RowBlocks blocks = new RowBlocks(x.batch(), Math.toIntExact(x.rows()), rows);
    return List.of(
        new Kernel(
            blocks,
            of.channels(),
            of.epsilon(),
            context.weights().plain(node.weight(0)).address(),
            Rows.of(x),
            of.hasResidual() ? Rows.of(node.input(1)) : Rows.none(),
            Rows.of(node.input(next)),
            Rows.of(node.output(0)),
            workspace.address()),
        NormSums.add(node, next + 1, 1, 2, NormSums.tiles(x.batch(), x.rows(), rows), workspace));
  }

  private record Kernel(
      RowBlocks blocks,
      int channels,
      float epsilon,
      long weight,
      Rows x,
      Rows residual,
      Rows dy,
      Rows dx,
      long sums)
      implements HostKernel {
    @Override
    public int tiles() {
      return blocks.tiles();
    }

    private long padded() {
      return (4L * channels + BYTES - 1) / BYTES * BYTES;
    }

    @Override
    public long scratchBytes() {
      return 4 * padded() + 2L * BYTES;
    }

    @Override
    public void run(int tile, MemorySegment scratch) {
      int item = blocks.item(tile);
      int end = blocks.end(tile);
      long s = scratch.address();
      long g = s + padded();
      long ofWeight = g + padded();
      long ofBias = ofWeight + padded();
      long lanes = ofBias + padded();
      Memory.clear(s, scratchBytes());
      for (int row = blocks.first(tile); row < end; row++) {
        Memory.copy(x.row(item, row), s, 4L * channels);
        long more = residual.rowOrZero(item, row);
        if (more != 0) {
          VectorAdd.add(s, more, s, channels);
        }
        sum(s, channels, lanes);
        float mean = AcrossLanes.sum(lanes) / channels;
        centre(s, channels, mean, lanes);
        float variance = AcrossLanes.sum(lanes) / channels;
        float scale = (float) (1 / Math.sqrt((double) variance + epsilon));
        Memory.copy(dy.row(item, row), g, 4L * channels);
        weightSums(s, g, weight, channels, scale, ofWeight, ofBias, lanes);
        float first = AcrossLanes.sum(lanes) / channels;
        float second = AcrossLanes.sum(lanes + BYTES) / channels;
        gradient(s, g, channels, scale, first, second);
        Memory.copy(g, dx.row(item, row), 4L * channels);
      }
      if (blocks.first(tile) < end) {
        Memory.copy(ofWeight, sums + 8L * channels * tile, 4L * channels);
        Memory.copy(ofBias, sums + 8L * channels * tile + 4L * channels, 4L * channels);
      }
    }
  }

  private static void sum(long s, int channels, long lanes) {
    FloatVector total = FloatVector.zero(FLOATS);
    for (int c = 0; c < channels; c += COUNT) {
      total = total.add(FloatVector.fromMemorySegment(FLOATS, ALL, s + 4L * c, ORDER));
    }
    total.intoMemorySegment(ALL, lanes, ORDER);
  }

  /** Takes the mean off, zeros staying behind the last channel, and leaves the squares. */
  private static void centre(long s, int channels, float mean, long lanes) {
    FloatVector total = FloatVector.zero(FLOATS);
    int c = 0;
    for (; c + COUNT <= channels; c += COUNT) {
      FloatVector d = FloatVector.fromMemorySegment(FLOATS, ALL, s + 4L * c, ORDER).sub(mean);
      d.intoMemorySegment(ALL, s + 4L * c, ORDER);
      total = d.fma(d, total);
    }
    total.intoMemorySegment(ALL, lanes, ORDER);
    float rest = Memory.getFloat(lanes);
    for (; c < channels; c++) {
      float d = Memory.getFloat(s + 4L * c) - mean;
      Memory.setFloat(s + 4L * c, d);
      rest = Math.fma(d, d, rest);
    }
    Memory.setFloat(lanes, rest);
  }

  /** Makes s the normal form and g the weighted gradient; leaves the lanes of their two sums. */
  private static void weightSums(
      long s,
      long g,
      long weight,
      int channels,
      float scale,
      long ofWeight,
      long ofBias,
      long lanes) {
    FloatVector one = FloatVector.zero(FLOATS);
    FloatVector two = FloatVector.zero(FLOATS);
    int c = 0;
    for (; c + COUNT <= channels; c += COUNT) {
      long at = 4L * c;
      FloatVector up = FloatVector.fromMemorySegment(FLOATS, ALL, g + at, ORDER);
      FloatVector normal = FloatVector.fromMemorySegment(FLOATS, ALL, s + at, ORDER).mul(scale);
      normal.intoMemorySegment(ALL, s + at, ORDER);
      up.fma(normal, FloatVector.fromMemorySegment(FLOATS, ALL, ofWeight + at, ORDER))
          .intoMemorySegment(ALL, ofWeight + at, ORDER);
      up.add(FloatVector.fromMemorySegment(FLOATS, ALL, ofBias + at, ORDER))
          .intoMemorySegment(ALL, ofBias + at, ORDER);
      FloatVector weighted = up.mul(FloatVector.fromMemorySegment(FLOATS, ALL, weight + at, ORDER));
      weighted.intoMemorySegment(ALL, g + at, ORDER);
      one = one.add(weighted);
      two = weighted.fma(normal, two);
    }
    one.intoMemorySegment(ALL, lanes, ORDER);
    two.intoMemorySegment(ALL, lanes + BYTES, ORDER);
    float first = Memory.getFloat(lanes);
    float second = Memory.getFloat(lanes + BYTES);
    for (; c < channels; c++) {
      long at = 4L * c;
      float up = Memory.getFloat(g + at);
      float normal = Memory.getFloat(s + at) * scale;
      Memory.setFloat(s + at, normal);
      Memory.setFloat(ofWeight + at, Math.fma(up, normal, Memory.getFloat(ofWeight + at)));
      Memory.setFloat(ofBias + at, Memory.getFloat(ofBias + at) + up);
      float weighted = up * Memory.getFloat(weight + at);
      Memory.setFloat(g + at, weighted);
      first += weighted;
      second = Math.fma(weighted, normal, second);
    }
    Memory.setFloat(lanes, first);
    Memory.setFloat(lanes + BYTES, second);
  }

  private static void gradient(
      long s, long g, int channels, float scale, float first, float second) {
    FloatVector minus = FloatVector.broadcast(FLOATS, -second);
    for (int c = 0; c < channels; c += COUNT) {
      FloatVector.fromMemorySegment(FLOATS, ALL, s + 4L * c, ORDER)
          .fma(minus, FloatVector.fromMemorySegment(FLOATS, ALL, g + 4L * c, ORDER).sub(first))
          .mul(scale)
          .intoMemorySegment(ALL, g + 4L * c, ORDER);
    }
  }
}
