package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.Attention;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@link Attention}, one query of one batch item a tile. */
final class ReferenceAttention implements HostOp<Attention> {
  @Override
  public List<HostKernel> bind(
      Attention op, BoundNode node, HostContext context, MemorySegment workspace) {
    Elements q = new Elements(node.input(0));
    Elements k = new Elements(node.input(1));
    Elements v = new Elements(node.input(2));
    Elements mask = op.hasKeyMask() ? new Elements(node.input(3)) : null;
    Elements out = new Elements(node.output(0));
    int queries = node.input(0).shape().get(1);
    int keys = node.input(1).shape().get(1);
    return List.of(
        TiledLoop.of(
            (long) node.output(0).batch() * queries,
            (tile, scratch) -> {
              for (int head = 0; head < op.heads(); head++) {
                head(
                    op,
                    q,
                    k,
                    v,
                    mask,
                    out,
                    keys,
                    tile / queries,
                    tile % queries,
                    head * op.headDim());
              }
            }));
  }

  private static void head(
      Attention op,
      Elements q,
      Elements k,
      Elements v,
      @Nullable Elements mask,
      Elements out,
      int keys,
      int item,
      int query,
      int first) {
    HeapScratch heap = HeapScratch.ofThread();
    double[] weights = heap.values(keys);
    double largest = Double.NEGATIVE_INFINITY;
    for (int key = 0; key < keys; key++) {
      if (mask != null && mask.u8(item, 0, key) == 0) {
        continue;
      }
      double dot = 0;
      for (int d = first; d < first + op.headDim(); d++) {
        dot += (double) q.f32(item, query, d) * k.f32(item, key, d);
      }
      weights[key] = dot * op.scale();
      largest = Math.max(largest, weights[key]);
    }
    double total = 0;
    double[] sums = heap.sums(op.headDim())[0];
    for (int key = 0; key < keys; key++) {
      // A masked key is never looked at: its value may be NaN.
      if (mask != null && mask.u8(item, 0, key) == 0) {
        continue;
      }
      double weight = Math.exp(weights[key] - largest);
      total += weight;
      for (int d = 0; d < op.headDim(); d++) {
        sums[d] += weight * v.f32(item, key, first + d);
      }
    }
    for (int d = 0; d < op.headDim(); d++) {
      out.f32(item, query, first + d, (float) (sums[d] / total));
    }
  }
}
