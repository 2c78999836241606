package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.COUNT;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.ORDER;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.CellAttention;
import dev.detr4j.op.LevelShape;
import java.lang.foreign.MemorySegment;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** {@link CellAttention}, a block of queries a tile, channels of a head along the lanes. */
final class VectorCellAttention implements HostOp<CellAttention> {
  @Override
  public List<HostKernel> bind(
      CellAttention op, BoundNode node, HostContext context, MemorySegment workspace) {
    int levels = op.levels().size();
    int[] heights = new int[levels];
    int[] widths = new int[levels];
    int[] firstTokens = new int[levels];
    int tokens = 0;
    for (int l = 0; l < levels; l++) {
      LevelShape level = op.levels().get(l);
      heights[l] = level.height();
      widths[l] = level.width();
      firstTokens[l] = tokens;
      tokens += level.cells();
    }
    long elements = (long) op.heads() * op.samples() * op.headDim();
    return List.of(
        new Kernel(
            op,
            new Maps(heights, widths, firstTokens),
            RowBlocks.of(node.output(0).batch(), node.output(0).rows(), elements),
            Rows.of(node.input(0)),
            Rows.of(node.input(1)),
            Rows.of(node.input(2)),
            Rows.of(node.input(3)),
            Rows.of(node.output(0))));
  }

  /** The levels as arrays, which a loop reads without boxes. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Maps(int[] heights, int[] widths, int[] firstTokens) {}

  private record Kernel(
      CellAttention op,
      Maps maps,
      RowBlocks blocks,
      Rows value,
      Rows offsets,
      Rows logits,
      Rows reference,
      Rows out)
      implements HostKernel {
    @Override
    public int tiles() {
      return blocks.tiles();
    }

    @Override
    public long scratchBytes() {
      // A weight and a token of each sample.
      return 16L * op.samples();
    }

    @Override
    public void run(int tile, MemorySegment scratch) {
      int item = blocks.item(tile);
      int end = blocks.end(tile);
      long weights = scratch.address();
      long tokens = weights + 8L * op.samples();
      for (int row = blocks.first(tile); row < end; row++) {
        for (int head = 0; head < op.heads(); head++) {
          long firstSample = (long) head * op.samples();
          float total = weigh(logits.row(item, row) + 4 * firstSample, weights, op.samples());
          place(offsets.row(item, row) + 8 * firstSample, reference.row(item, row), tokens);
          long shift = 4L * head * op.headDim();
          sum(
              value.row(item, 0) + shift,
              value.pitch(),
              weights,
              tokens,
              op.samples(),
              total,
              op.headDim(),
              out.row(item, row) + shift);
        }
      }
    }

    /** Writes the token of each sample, as the contract counts in fp32. */
    private void place(long offset, long box, long tokens) {
      float centreX = Memory.getFloat(box);
      float centreY = Memory.getFloat(box + 4);
      float width = Memory.getFloat(box + 8);
      float height = Memory.getFloat(box + 12);
      int points = op.points();
      for (int l = 0; l < maps.widths.length; l++) {
        for (int p = 0; p < points; p++) {
          float x = centreX + Memory.getFloat(offset) / points * width * 0.5f;
          float y = centreY + Memory.getFloat(offset + 4) / points * height * 0.5f;
          int column = Math.clamp((int) (x * maps.widths[l] + 0.5f), 0, maps.widths[l] - 1);
          int row = Math.clamp((int) (y * maps.heights[l] + 0.5f), 0, maps.heights[l] - 1);
          Memory.setLong(tokens, maps.firstTokens[l] + (long) row * maps.widths[l] + column);
          offset += 8;
          tokens += 8;
        }
      }
    }
  }

  /** Writes the exponentials of the logits, less the largest; returns their sum. */
  private static float weigh(long logits, long weights, int samples) {
    float largest = Float.NEGATIVE_INFINITY;
    for (int s = 0; s < samples; s++) {
      largest = Math.max(largest, Memory.getFloat(logits + 4L * s));
    }
    float total = 0;
    for (int s = 0; s < samples; s++) {
      float weight = (float) Math.exp(Memory.getFloat(logits + 4L * s) - largest);
      Memory.setFloat(weights + 4L * s, weight);
      total += weight;
    }
    return total;
  }

  private static void sum(
      long value,
      long pitch,
      long weights,
      long tokens,
      int samples,
      float total,
      int headDim,
      long out) {
    FloatVector divisor = FloatVector.broadcast(FLOATS, total);
    for (int d = 0; d < headDim; d += COUNT) {
      VectorMask<Float> mask = FLOATS.indexInRange(d, headDim);
      FloatVector sum = FloatVector.zero(FLOATS);
      for (int s = 0; s < samples; s++) {
        long at = value + Memory.getLong(tokens + 8L * s) * pitch + 4L * d;
        FloatVector weight = FloatVector.broadcast(FLOATS, Memory.getFloat(weights + 4L * s));
        sum = FloatVector.fromMemorySegment(FLOATS, ALL, at, ORDER, mask).fma(weight, sum);
      }
      sum.div(divisor).intoMemorySegment(ALL, out + 4L * d, ORDER, mask);
    }
  }
}
