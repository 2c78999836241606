package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.COUNT;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.ORDER;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.GlobalResponseNorm;
import java.lang.foreign.MemorySegment;
import java.util.List;
import jdk.incubator.vector.FloatVector;

/**
 * {@link GlobalResponseNorm} in three phases: the sum of squares of each channel in each block of
 * rows; from them the factor of each channel; then {@code y = factor * x + bias}.
 *
 * <p>Workspace: {@code [tiles][channels]} doubles of the blocks, then {@code [batch][channels]}
 * floats for the last phase.
 */
final class VectorGlobalResponseNorm implements HostOp<GlobalResponseNorm> {
  @Override
  public long workspaceBytes(GlobalResponseNorm op, BoundNode node, HostContext context) {
    return partsBytes(op, blocks(op, node)) + 4L * op.channels() * node.output(0).batch();
  }

  private static long partsBytes(GlobalResponseNorm op, RowBlocks blocks) {
    return Memory.aligned(8L * blocks.tiles() * op.channels());
  }

  private static RowBlocks blocks(GlobalResponseNorm op, BoundNode node) {
    return RowBlocks.of(node.output(0).batch(), node.output(0).rows(), op.channels());
  }

  @Override
  public List<HostKernel> bind(
      GlobalResponseNorm op, BoundNode node, HostContext context, MemorySegment workspace) {
    RowBlocks blocks = blocks(op, node);
    Rows x = Rows.of(node.input(0));
    long parts = workspace.address();
    long factors = parts + partsBytes(op, blocks);
    return List.of(
        new Squares(blocks, op.channels(), x, parts),
        new Factors(
            blocks,
            op.channels(),
            op.epsilon(),
            parts,
            context.weights().plain(node.weight(0)).address(),
            factors),
        new Scale(
            blocks,
            op.channels(),
            factors,
            context.weights().plain(node.weight(1)).address(),
            x,
            Rows.of(node.output(0))));
  }

  private record Squares(RowBlocks blocks, int channels, Rows x, long parts) implements HostKernel {
    @Override
    public int tiles() {
      return blocks.tiles();
    }

    @Override
    public long scratchBytes() {
      return Lanes.BYTES;
    }

    @Override
    public void run(int tile, MemorySegment scratch) {
      int first = blocks.first(tile);
      int rows = blocks.end(tile) - first;
      if (rows <= 0) {
        return;
      }
      long block = x.row(blocks.item(tile), first);
      long target = parts + 8L * tile * channels;
      int c = 0;
      for (; c + COUNT <= channels; c += COUNT) {
        vector(block + 4L * c, rows, x.pitch(), scratch.address());
        for (int lane = 0; lane < COUNT; lane++) {
          Memory.setDouble(
              target + 8L * (c + lane), Memory.getFloat(scratch.address() + 4L * lane));
        }
      }
      for (; c < channels; c++) {
        double squares = 0;
        for (int r = 0; r < rows; r++) {
          double value = Memory.getFloat(block + 4L * c + r * x.pitch());
          squares += value * value;
        }
        Memory.setDouble(target + 8L * c, squares);
      }
    }

    /** Sums of squares of one vector of channels; a block has few enough rows for fp32. */
    private static void vector(long block, int rows, long pitch, long out) {
      FloatVector even = FloatVector.zero(FLOATS);
      FloatVector odd = FloatVector.zero(FLOATS);
      int r = 0;
      for (; r + 1 < rows; r += 2) {
        FloatVector a = FloatVector.fromMemorySegment(FLOATS, ALL, block + r * pitch, ORDER);
        FloatVector b = FloatVector.fromMemorySegment(FLOATS, ALL, block + (r + 1) * pitch, ORDER);
        even = a.fma(a, even);
        odd = b.fma(b, odd);
      }
      if (r < rows) {
        FloatVector a = FloatVector.fromMemorySegment(FLOATS, ALL, block + r * pitch, ORDER);
        even = a.fma(a, even);
      }
      even.add(odd).intoMemorySegment(ALL, out, ORDER);
    }
  }

  /** One batch item a tile. */
  private record Factors(
      RowBlocks blocks, int channels, float epsilon, long parts, long weight, long factors)
      implements HostKernel {
    @Override
    public int tiles() {
      return Math.max(1, blocks.batch());
    }

    @Override
    public void run(int item, MemorySegment scratch) {
      if (item >= blocks.batch()) {
        return;
      }
      int perItem = blocks.perItem();
      long first = parts + 8L * item * perItem * channels;
      double mean = 0;
      // The norms stay in the place of the first block's sums.
      for (int c = 0; c < channels; c++) {
        double squares = 0;
        for (int b = 0; b < perItem; b++) {
          squares += Memory.getDouble(first + 8L * ((long) b * channels + c));
        }
        double norm = Math.sqrt(squares);
        mean += norm / channels;
        Memory.setDouble(first + 8L * c, norm);
      }
      for (int c = 0; c < channels; c++) {
        double response = Memory.getDouble(first + 8L * c) / (mean + epsilon);
        Memory.setFloat(
            factors + 4L * ((long) item * channels + c),
            (float) (1 + Memory.getFloat(weight + 4L * c) * response));
      }
    }
  }

  private record Scale(RowBlocks blocks, int channels, long factors, long bias, Rows x, Rows y)
      implements HostKernel {
    @Override
    public int tiles() {
      return blocks.tiles();
    }

    @Override
    public void run(int tile, MemorySegment scratch) {
      int item = blocks.item(tile);
      int end = blocks.end(tile);
      long scales = factors + 4L * item * channels;
      for (int row = blocks.first(tile); row < end; row++) {
        scale(x.row(item, row), channels, scales, bias, y.row(item, row));
      }
    }

    private static void scale(long x, int channels, long scales, long bias, long y) {
      int c = 0;
      for (; c + COUNT <= channels; c += COUNT) {
        FloatVector.fromMemorySegment(FLOATS, ALL, x + 4L * c, ORDER)
            .fma(
                FloatVector.fromMemorySegment(FLOATS, ALL, scales + 4L * c, ORDER),
                FloatVector.fromMemorySegment(FLOATS, ALL, bias + 4L * c, ORDER))
            .intoMemorySegment(ALL, y + 4L * c, ORDER);
      }
      for (; c < channels; c++) {
        Memory.setFloat(
            y + 4L * c,
            Math.fma(
                Memory.getFloat(x + 4L * c),
                Memory.getFloat(scales + 4L * c),
                Memory.getFloat(bias + 4L * c)));
      }
    }
  }
}
