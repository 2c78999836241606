package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.Attention;
import dev.detr4j.op.gradient.AttentionGradient;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@link AttentionGradient}, one head of one batch item a tile; nothing of the forward pass is
 * kept.
 */
final class ReferenceAttentionGradient implements HostOp<AttentionGradient> {
  private record Bound(
      Attention op,
      Elements q,
      Elements k,
      Elements v,
      @Nullable Elements mask,
      Elements dOut,
      Elements dq,
      Elements dk,
      Elements dv,
      int queries,
      int keys) {
    boolean isMasked(int item, int key) {
      return mask != null && mask.u8(item, 0, key) == 0;
    }
  }

  @Override
  public List<HostKernel> bind(
      AttentionGradient op, BoundNode node, HostContext context, MemorySegment workspace) {
    Attention attention = op.of();
    Bound bound =
        new Bound(
            attention,
            new Elements(node.input(0)),
            new Elements(node.input(1)),
            new Elements(node.input(2)),
            attention.hasKeyMask() ? new Elements(node.input(3)) : null,
            new Elements(node.inputs().getLast()),
            new Elements(node.output(0)),
            new Elements(node.output(1)),
            new Elements(node.output(2)),
            node.input(0).shape().get(1),
            node.input(1).shape().get(1));
    int heads = attention.heads();
    return List.of(
        TiledLoop.of(
            (long) node.input(0).batch() * heads,
            (tile, scratch) -> head(bound, tile / heads, tile % heads * attention.headDim())));
  }

  private static void head(Bound b, int item, int first) {
    int dim = b.op.headDim();
    double[][] dk = new double[b.keys][dim];
    double[][] dv = new double[b.keys][dim];
    double[] p = new double[b.keys];
    double[] dp = new double[b.keys];
    double[] dq = new double[dim];
    for (int query = 0; query < b.queries; query++) {
      weights(b, item, query, first, p);
      double mean = 0;
      for (int key = 0; key < b.keys; key++) {
        dp[key] = 0;
        if (b.isMasked(item, key)) {
          continue;
        }
        for (int d = 0; d < dim; d++) {
          double up = b.dOut.f32(item, query, first + d);
          dp[key] += up * b.v.f32(item, key, first + d);
          dv[key][d] += p[key] * up;
        }
        mean += dp[key] * p[key];
      }
      Arrays.fill(dq, 0);
      for (int key = 0; key < b.keys; key++) {
        if (b.isMasked(item, key)) {
          continue;
        }
        double ds = p[key] * (dp[key] - mean) * b.op.scale();
        for (int d = 0; d < dim; d++) {
          dq[d] += ds * b.k.f32(item, key, first + d);
          dk[key][d] += ds * b.q.f32(item, query, first + d);
        }
      }
      for (int d = 0; d < dim; d++) {
        b.dq.f32(item, query, first + d, (float) dq[d]);
      }
    }
    for (int key = 0; key < b.keys; key++) {
      for (int d = 0; d < dim; d++) {
        b.dk.f32(item, key, first + d, (float) dk[key][d]);
        b.dv.f32(item, key, first + d, (float) dv[key][d]);
      }
    }
  }

  /** The softmax of one query; those of masked keys are not written. */
  private static void weights(Bound b, int item, int query, int first, double[] p) {
    double largest = Double.NEGATIVE_INFINITY;
    for (int key = 0; key < b.keys; key++) {
      if (b.isMasked(item, key)) {
        continue;
      }
      double dot = 0;
      for (int d = first; d < first + b.op.headDim(); d++) {
        dot += (double) b.q.f32(item, query, d) * b.k.f32(item, key, d);
      }
      p[key] = dot * b.op.scale();
      largest = Math.max(largest, p[key]);
    }
    double total = 0;
    for (int key = 0; key < b.keys; key++) {
      if (!b.isMasked(item, key)) {
        p[key] = Math.exp(p[key] - largest);
        total += p[key];
      }
    }
    for (int key = 0; key < b.keys; key++) {
      p[key] /= total;
    }
  }
}
