package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.BYTES;
import static dev.detr4j.backend.vector.Lanes.COUNT;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HeadsFirst;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.MsDeformAttention;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * {@link MsDeformAttention} in one pass: softmax, locations, bilinear samples and their weighted
 * sum; the plan is that of {@code native/src/kernels/ms_deform_attention.c}.
 *
 * <p>A tile is a block of queries of one head of one item, heads outside the blocks: neighbouring
 * queries sample neighbouring cells, and of each cell only this head's channels, so that what the
 * next query needs lies in L1 or L2. For each group of queries {@link SampleWeights} and {@link
 * SampleTable} make weights and cells with samples along the lanes, then {@link SampleSum} adds up
 * with channels along the lanes. A value that is sampled often is laid out by heads first.
 */
final class VectorMsDeformAttention implements HostOp<MsDeformAttention> {
  private static final int QUERIES_PER_TILE = 128;

  /** Queries whose weights and tables are made together. */
  private static final int GROUP = 8;

  @Override
  public long workspaceBytes(MsDeformAttention op, BoundNode node, HostContext context) {
    return HeadsFirst.pays(op, node)
        ? ValueByHeads.bytes(batch(node), tokens(node), op.heads(), op.headDim())
        : 0;
  }

  @Override
  public List<HostKernel> bind(
      MsDeformAttention op, BoundNode node, HostContext context, MemorySegment workspace) {
    List<HostKernel> phases = new ArrayList<>();
    Rows value = Rows.of(node.input(0));
    long headBytes = 4L * op.valueHeadStride();
    if (HeadsFirst.pays(op, node)) {
      ValueByHeads copy =
          ValueByHeads.of(
              value, batch(node), tokens(node), op.heads(), op.headDim(), workspace.address());
      phases.add(copy);
      value = copy.copy();
      headBytes = copy.headBytes();
    }
    phases.add(
        new Kernel(
            SampleTable.of(op, context.arena()),
            batch(node),
            node.output(0).shape().get(1),
            op.heads(),
            op.headDim(),
            headBytes,
            op.outHeadStride(),
            value,
            Rows.of(node.input(1)),
            Rows.of(node.input(2)),
            Rows.of(node.input(3)),
            Rows.of(node.input(4)),
            Rows.of(node.output(0))));
    return phases;
  }

  private static int batch(BoundNode node) {
    return node.output(0).batch();
  }

  private static int tokens(BoundNode node) {
    return node.input(0).shape().get(1);
  }

  /** Scratch: scales; weights, factors, padded inputs and tables of a group. */
  private record Kernel(
      SampleTable table,
      int batch,
      int queries,
      int heads,
      int headDim,
      long headBytes,
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
      return 2 * table.columnBytes()
          + GROUP * (table.columnBytes() + 4L + 3 * table.columnBytes() + table.bytes());
    }

    @Override
    public void run(int tile, MemorySegment memory) {
      int item = tile / blocks() / heads;
      int head = tile / blocks() % heads;
      int first = tile % blocks() * QUERIES_PER_TILE;
      int end = item < batch ? Math.min(first + QUERIES_PER_TILE, queries) : first;
      long scales = memory.address();
      if (first < end) {
        table.scales(ratios.row(item, 0), ratios.pitch(), scales);
      }
      for (int query = first; query < end; query += GROUP) {
        group(item, head, query, Math.min(GROUP, end - query), scales);
      }
    }

    private void group(int item, int head, int first, int count, long scales) {
      long weights = scales + 2 * table.columnBytes();
      long tables = weights + GROUP * table.columnBytes();
      long factors = tables + GROUP * table.bytes();
      long groupLogits = logits.row(item, first) + 4L * head * table.samples();
      long groupOffsets = offsets.row(item, first) + 8L * head * table.samples();
      long logitsPitch = logits.pitch();
      long offsetsPitch = offsets.pitch();
      if (!table.isWhole()) {
        long padded = factors + 4L * GROUP;
        long pitch = 3 * table.columnBytes();
        for (int i = 0; i < count; i++) {
          table.pad(
              groupLogits + i * logitsPitch, groupOffsets + i * offsetsPitch, padded + i * pitch);
        }
        groupLogits = padded;
        groupOffsets = padded + table.columnBytes();
        logitsPitch = pitch;
        offsetsPitch = pitch;
      }
      SampleWeights.write(
          groupLogits, logitsPitch, count, table.columnBytes(), weights, factors, tables);
      table.fill(
          count,
          weights,
          groupOffsets,
          offsetsPitch,
          reference.row(item, first),
          reference.pitch(),
          scales,
          tables);
      long from = value.row(item, 0) + head * headBytes;
      for (int i = 0; i < count; i++) {
        long entries = tables + i * table.bytes();
        float factor = Memory.getFloat(factors + 4L * i);
        long to = out.row(item, first + i) + 4L * head * outHeadStride;
        channels(entries, from, factor, to);
        if (outHeadStride > headDim) {
          float sum = SampleSum.weights(entries, table.samples());
          Memory.setFloat(to + 4L * headDim, sum * factor);
        }
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
