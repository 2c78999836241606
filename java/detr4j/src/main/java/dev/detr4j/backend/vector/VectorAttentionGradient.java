package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.BYTES;
import static dev.detr4j.backend.vector.Lanes.COUNT;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.Attention;
import dev.detr4j.op.gradient.AttentionGradient;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * {@link AttentionGradient}, one head of one batch item a tile, as {@code
 * native/src/kernels/attention_gradient.c} plans it: keys and values are packed once, masked ones
 * as zeros; dK and dV add up in scratch.
 */
final class VectorAttentionGradient implements HostOp<AttentionGradient> {
  @Override
  public List<HostKernel> bind(
      AttentionGradient op, BoundNode node, HostContext context, MemorySegment workspace) {
    Attention of = op.of();
    return List.of(
        new Kernel(
            of,
            node.input(0).batch(),
            node.input(0).shape().get(1),
            node.input(1).shape().get(1),
            Rows.of(node.input(0)),
            Rows.of(node.input(1)),
            Rows.of(node.input(2)),
            of.hasKeyMask() ? Rows.of(node.input(3)) : Rows.none(),
            Rows.of(node.inputs().getLast()),
            Rows.of(node.output(0)),
            Rows.of(node.output(1)),
            Rows.of(node.output(2))));
  }

  private static int whole(int count) {
    return (count + COUNT - 1) / COUNT * COUNT;
  }

  private record Kernel(
      Attention of,
      int batch,
      int queries,
      int keys,
      Rows q,
      Rows k,
      Rows v,
      Rows mask,
      Rows dOut,
      Rows dq,
      Rows dk,
      Rows dv)
      implements HostKernel {
    @Override
    public int tiles() {
      return Math.max(1, batch * of.heads());
    }

    private long matrix() {
      return 4L * whole(keys) * whole(of.headDim());
    }

    @Override
    public long scratchBytes() {
      return 5 * matrix() + 8L * whole(keys) + 12L * whole(of.headDim()) + BYTES;
    }

    private boolean isMasked(int item, int key) {
      return mask.address() != 0 && Memory.getByte(mask.row(item, 0) + key) == 0;
    }

    @Override
    public void run(int tile, MemorySegment scratch) {
      if (batch == 0) {
        return;
      }
      int item = tile / of.heads();
      long first = 4L * (tile % of.heads()) * of.headDim();
      int dim = of.headDim();
      int padded = whole(dim);
      int wide = whole(keys);
      long packedK = scratch.address();
      long kt = packedK + matrix();
      long vt = kt + matrix();
      long sumK = vt + matrix();
      long sumV = sumK + matrix();
      long p = sumV + matrix();
      long ds = p + 4L * wide;
      long query = ds + 4L * wide;
      long up = query + 4L * padded;
      long sumQ = up + 4L * padded;
      long lanes = sumQ + 4L * padded;
      Memory.clear(packedK, scratchBytes());
      for (int key = 0; key < keys; key++) {
        if (!isMasked(item, key)) {
          long fromK = k.row(item, key) + first;
          long fromV = v.row(item, key) + first;
          Memory.copy(fromK, packedK + 4L * key * padded, 4L * dim);
          for (int d = 0; d < dim; d++) {
            Memory.setFloat(kt + 4L * ((long) d * wide + key), Memory.getFloat(fromK + 4L * d));
            Memory.setFloat(vt + 4L * ((long) d * wide + key), Memory.getFloat(fromV + 4L * d));
          }
        }
      }
      for (int i = 0; i < queries; i++) {
        Memory.copy(q.row(item, i) + first, query, 4L * dim);
        Memory.copy(dOut.row(item, i) + first, up, 4L * dim);
        HeadVectors.rowTimes(query, kt, dim, wide, of.scale(), p);
        for (int key = 0; mask.address() != 0 && key < keys; key++) {
          if (isMasked(item, key)) {
            Memory.setFloat(p + 4L * key, Float.NEGATIVE_INFINITY);
          }
        }
        HeadVectors.softmax(p, keys, lanes);
        HeadVectors.rowTimes(up, vt, dim, wide, 1, ds);
        HeadVectors.dot(p, ds, wide, lanes);
        HeadVectors.scores(p, ds, wide, AcrossLanes.sum(lanes), of.scale());
        Memory.clear(sumQ, 4L * padded);
        for (int key = 0; key < keys; key++) {
          long at = 4L * key * padded;
          float score = Memory.getFloat(ds + 4L * key);
          HeadVectors.add(score, packedK + at, sumQ, padded);
          HeadVectors.add(score, query, sumK + at, padded);
          HeadVectors.add(Memory.getFloat(p + 4L * key), up, sumV + at, padded);
        }
        Memory.copy(sumQ, dq.row(item, i) + first, 4L * dim);
      }
      for (int key = 0; key < keys; key++) {
        Memory.copy(sumK + 4L * key * padded, dk.row(item, key) + first, 4L * dim);
        Memory.copy(sumV + 4L * key * padded, dv.row(item, key) + first, 4L * dim);
      }
    }
  }
}
