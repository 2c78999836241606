package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.COUNT;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.ORDER;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.GroupNorm;
import java.lang.foreign.MemorySegment;
import java.util.List;
import jdk.incubator.vector.FloatVector;

/**
 * {@link GroupNorm} in three phases: mean and sum of squared deviations of each channel in each
 * block of rows; from them the statistics of each group; then the normalisation.
 *
 * <p>Workspace: {@code [tiles][channels][2]} doubles of the blocks (mean, squares), then {@code
 * [batch][2][channels]} floats (mean, scale) for the last phase.
 */
final class VectorGroupNorm implements HostOp<GroupNorm> {
  @Override
  public long workspaceBytes(GroupNorm op, BoundNode node, HostContext context) {
    return partsBytes(op, blocks(op, node)) + 8L * op.channels() * node.output(0).batch();
  }

  private static long partsBytes(GroupNorm op, RowBlocks blocks) {
    return Memory.aligned(16L * blocks.tiles() * op.channels());
  }

  private static RowBlocks blocks(GroupNorm op, BoundNode node) {
    return RowBlocks.of(node.output(0).batch(), node.output(0).rows(), op.channels());
  }

  @Override
  public List<HostKernel> bind(
      GroupNorm op, BoundNode node, HostContext context, MemorySegment workspace) {
    RowBlocks blocks = blocks(op, node);
    Rows x = Rows.of(node.input(0));
    long parts = workspace.address();
    long statistics = parts + partsBytes(op, blocks);
    return List.of(
        new Parts(blocks, op.channels(), x, parts),
        new Statistics(blocks, op.channels(), op.groups(), op.epsilon(), parts, statistics),
        new Normalise(
            blocks,
            op.channels(),
            statistics,
            context.weights().plain(node.weight(0)).address(),
            context.weights().plain(node.weight(1)).address(),
            x,
            Rows.of(node.output(0))));
  }

  private record Parts(RowBlocks blocks, int channels, Rows x, long parts) implements HostKernel {
    @Override
    public int tiles() {
      return blocks.tiles();
    }

    @Override
    public long scratchBytes() {
      return 2L * Lanes.BYTES;
    }

    @Override
    public void run(int tile, MemorySegment scratch) {
      int first = blocks.first(tile);
      int rows = blocks.end(tile) - first;
      if (rows <= 0) {
        return;
      }
      long block = x.row(blocks.item(tile), first);
      long target = parts + 16L * tile * channels;
      int c = 0;
      for (; c + COUNT <= channels; c += COUNT) {
        vector(block + 4L * c, rows, x.pitch(), scratch.address());
        for (int lane = 0; lane < COUNT; lane++) {
          long at = target + 16L * (c + lane);
          Memory.setDouble(at, Memory.getFloat(scratch.address() + 4L * lane));
          Memory.setDouble(at + 8, Memory.getFloat(scratch.address() + Lanes.BYTES + 4L * lane));
        }
      }
      for (; c < channels; c++) {
        scalar(block + 4L * c, rows, x.pitch(), target + 16L * c);
      }
    }

    /** Means and sums of squared deviations of one vector of channels. */
    private static void vector(long block, int rows, long pitch, long out) {
      FloatVector total = FloatVector.zero(FLOATS);
      for (int r = 0; r < rows; r++) {
        total = total.add(FloatVector.fromMemorySegment(FLOATS, ALL, block + r * pitch, ORDER));
      }
      FloatVector mean = total.mul(1.0f / rows);
      FloatVector squares = FloatVector.zero(FLOATS);
      FloatVector rest = FloatVector.zero(FLOATS);
      for (int r = 0; r < rows; r++) {
        FloatVector d =
            FloatVector.fromMemorySegment(FLOATS, ALL, block + r * pitch, ORDER).sub(mean);
        squares = d.fma(d, squares);
        rest = rest.add(d);
      }
      // What the rounded mean has left over, so that large means with small deviations stay right.
      FloatVector correction = rest.mul(1.0f / rows);
      mean.add(correction).intoMemorySegment(ALL, out, ORDER);
      squares.sub(rest.mul(correction)).intoMemorySegment(ALL, out + Lanes.BYTES, ORDER);
    }

    private static void scalar(long block, int rows, long pitch, long out) {
      double total = 0;
      for (int r = 0; r < rows; r++) {
        total += Memory.getFloat(block + r * pitch);
      }
      double mean = total / rows;
      double squares = 0;
      for (int r = 0; r < rows; r++) {
        double d = Memory.getFloat(block + r * pitch) - mean;
        squares += d * d;
      }
      Memory.setDouble(out, mean);
      Memory.setDouble(out + 8, squares);
    }
  }

  private record Statistics(
      RowBlocks blocks, int channels, int groups, float epsilon, long parts, long statistics)
      implements HostKernel {
    @Override
    public int tiles() {
      return Math.max(1, blocks.batch() * groups);
    }

    @Override
    public void run(int tile, MemorySegment scratch) {
      int item = tile / groups;
      int width = channels / groups;
      int first = tile % groups * width;
      int perItem = blocks.perItem();
      double count = (double) blocks.rows() * width;
      double total = 0;
      for (int b = 0; b < perItem; b++) {
        long part = parts + 16L * (((long) item * perItem + b) * channels + first);
        for (int c = 0; c < width; c++) {
          total += rowsOf(b) * Memory.getDouble(part + 16L * c);
        }
      }
      double mean = total / count;
      double squares = 0;
      for (int b = 0; b < perItem; b++) {
        long part = parts + 16L * (((long) item * perItem + b) * channels + first);
        for (int c = 0; c < width; c++) {
          double d = Memory.getDouble(part + 16L * c) - mean;
          squares += Memory.getDouble(part + 16L * c + 8) + rowsOf(b) * d * d;
        }
      }
      float scale = (float) (1 / Math.sqrt(squares / count + epsilon));
      long means = statistics + 8L * item * channels;
      for (int c = first; c < first + width && item < blocks.batch(); c++) {
        Memory.setFloat(means + 4L * c, (float) mean);
        Memory.setFloat(means + 4L * (channels + c), scale);
      }
    }

    private int rowsOf(int block) {
      return Math.min(blocks.rowsPerTile(), blocks.rows() - block * blocks.rowsPerTile());
    }
  }

  private record Normalise(
      RowBlocks blocks, int channels, long statistics, long weight, long bias, Rows x, Rows y)
      implements HostKernel {
    @Override
    public int tiles() {
      return blocks.tiles();
    }

    @Override
    public void run(int tile, MemorySegment scratch) {
      int item = blocks.item(tile);
      int end = blocks.end(tile);
      long means = statistics + 8L * item * channels;
      for (int row = blocks.first(tile); row < end; row++) {
        normalise(
            x.row(item, row),
            channels,
            means,
            means + 4L * channels,
            weight,
            bias,
            y.row(item, row));
      }
    }

    private static void normalise(
        long x, int channels, long means, long scales, long weight, long bias, long y) {
      int c = 0;
      for (; c + COUNT <= channels; c += COUNT) {
        FloatVector.fromMemorySegment(FLOATS, ALL, x + 4L * c, ORDER)
            .sub(FloatVector.fromMemorySegment(FLOATS, ALL, means + 4L * c, ORDER))
            .mul(FloatVector.fromMemorySegment(FLOATS, ALL, scales + 4L * c, ORDER))
            .fma(
                FloatVector.fromMemorySegment(FLOATS, ALL, weight + 4L * c, ORDER),
                FloatVector.fromMemorySegment(FLOATS, ALL, bias + 4L * c, ORDER))
            .intoMemorySegment(ALL, y + 4L * c, ORDER);
      }
      for (; c < channels; c++) {
        float d = Memory.getFloat(x + 4L * c) - Memory.getFloat(means + 4L * c);
        float value =
            Math.fma(
                d * Memory.getFloat(scales + 4L * c),
                Memory.getFloat(weight + 4L * c),
                Memory.getFloat(bias + 4L * c));
        Memory.setFloat(y + 4L * c, value);
      }
    }
  }
}
