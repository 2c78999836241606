package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.BYTES;
import static dev.detr4j.backend.vector.Lanes.COUNT;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.MsDeformAttention;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * {@link MsDeformAttention} in one pass: softmax, locations, bilinear samples and their weighted
 * sum; the plan is that of {@code native/src/kernels/ms_deform_attention.c}.
 *
 * <p>A tile is a block of queries of one head of one item, heads outside the blocks: neighbouring
 * queries sample neighbouring cells, and of each cell only this head's channels, so that what the
 * next query needs lies in L1 or L2. For each query {@link SampleTable} makes cells and weights
 * with samples along the lanes, then {@link SampleSum} adds up with channels along the lanes.
 */
final class VectorMsDeformAttention implements HostOp<MsDeformAttention> {
  private static final int QUERIES_PER_TILE = 128;

  @Override
  public List<HostKernel> bind(
      MsDeformAttention op, BoundNode node, HostContext context, MemorySegment workspace) {
    return List.of(
        new Kernel(
            SampleTable.of(op, context.arena()),
            node.output(0).batch(),
            node.output(0).shape().get(1),
            op.heads(),
            op.headDim(),
            op.valueHeadStride(),
            op.outHeadStride(),
            Rows.of(node.input(0)),
            Rows.of(node.input(1)),
            Rows.of(node.input(2)),
            Rows.of(node.input(3)),
            Rows.of(node.input(4)),
            Rows.of(node.output(0))));
  }

  /** Scratch: scales, padded inputs, numerators, the table of a query. */
  private record Kernel(
      SampleTable table,
      int batch,
      int queries,
      int heads,
      int headDim,
      int valueHeadStride,
      int outHeadStride,
      Rows value,
      Rows offsets,
      Rows logits,
      Rows reference,
      Rows ratios,
      Rows out)
      implements HostKernel {

    private int blocks() {
      return Math.max(1, (queries + QUERIES_PER_TILE - 1) / QUERIES_PER_TILE);
    }

    @Override
    public int tiles() {
      return Math.max(1, batch * heads * blocks());
    }

    @Override
    public long scratchBytes() {
      return 6 * table.columnBytes() + table.bytes();
    }

    @Override
    public void run(int tile, MemorySegment memory) {
      int item = tile / blocks() / heads;
      int head = tile / blocks() % heads;
      int first = tile % blocks() * QUERIES_PER_TILE;
      int end = item < batch ? Math.min(first + QUERIES_PER_TILE, queries) : first;
      long scales = memory.address();
      long padded = scales + 2 * table.columnBytes();
      long numerators = padded + 3 * table.columnBytes();
      if (first < end) {
        table.scales(ratios.row(item, 0), ratios.pitch(), scales);
      }
      for (int query = first; query < end; query++) {
        query(item, head, query, scales, padded, numerators);
      }
    }

    private void query(int item, int head, int query, long scales, long padded, long numerators) {
      long entries = numerators + table.columnBytes();
      long sampleLogits = logits.row(item, query) + 4L * head * table.samples();
      long sampleOffsets = offsets.row(item, query) + 8L * head * table.samples();
      if (!table.isWhole()) {
        table.pad(sampleLogits, sampleOffsets, padded);
        sampleLogits = padded;
        sampleOffsets = padded + table.columnBytes();
      }
      int samples = table.samples();
      float largest = Exponential.largest(sampleLogits, samples, 1);
      // The table is filled only after the sum was taken from its first bytes.
      Exponential.write(sampleLogits, numerators, samples, 1, largest, entries);
      float sum = LaneSum.of(entries);
      table.fill(numerators, sampleOffsets, reference.row(item, query), scales, entries);
      long to = out.row(item, query) + 4L * head * outHeadStride;
      channels(entries, value.row(item, 0) + 4L * head * valueHeadStride, 1 / sum, to);
      if (outHeadStride > headDim) {
        Memory.setFloat(to + 4L * headDim, SampleSum.weights(entries, table.samples()) / sum);
      }
    }

    private void channels(long entries, long from, float factor, long to) {
      int samples = table.samples();
      int c = 0;
      for (; c + 4 * COUNT <= headDim; c += 4 * COUNT) {
        long at = 4L * c;
        SampleSum.four(entries, samples, from + at, value.pitch(), factor, to + at);
      }
      if (c + 2 * COUNT <= headDim) {
        long at = 4L * c;
        SampleSum.two(entries, samples, from + at, value.pitch(), factor, to + at);
        c += 2 * COUNT;
      }
      for (; c < headDim; c += COUNT) {
        long at = 4L * c;
        SampleSum.upToOne(
            entries,
            samples,
            from + at,
            value.pitch(),
            factor,
            to + at,
            Math.min(BYTES / 4, headDim - c));
      }
    }
  }
}
