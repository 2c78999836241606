package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.LevelShape;
import dev.detr4j.op.MsDeformAttention;
import dev.detr4j.op.gradient.MsDeformAttentionGradient;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@link MsDeformAttentionGradient}, one batch item a tile: all queries add to the gradients of the
 * cells that they sample.
 */
final class ReferenceMsDeformAttentionGradient implements HostOp<MsDeformAttentionGradient> {
  private record Bound(
      MsDeformAttention op,
      Elements value,
      Elements offsets,
      Elements logits,
      Elements reference,
      Elements ratios,
      Elements dOut,
      Elements dValue,
      Elements dOffsets,
      Elements dLogits,
      @Nullable Elements dReference,
      int queries,
      int tokens) {}

  @Override
  public List<HostKernel> bind(
      MsDeformAttentionGradient op, BoundNode node, HostContext context, MemorySegment workspace) {
    Bound bound =
        new Bound(
            op.of(),
            new Elements(node.input(0)),
            new Elements(node.input(1)),
            new Elements(node.input(2)),
            new Elements(node.input(3)),
            new Elements(node.input(4)),
            new Elements(node.input(5)),
            new Elements(node.output(0)),
            new Elements(node.output(1)),
            new Elements(node.output(2)),
            op.referenceLearns() ? new Elements(node.output(3)) : null,
            node.input(1).shape().get(1),
            node.input(0).shape().get(1));
    return List.of(
        TiledLoop.of(node.input(0).batch(), (item, scratch) -> new Item(bound, item).run()));
  }

  /** The sums of one batch item. */
  private static final class Item {
    private final Bound b;
    private final MsDeformAttention op;
    private final int item;
    private final double[] dValue;
    private final double[] up;
    private final double[] corner;
    private final double[] weight;
    private final double[] dWeight;
    private final double[] dReference;

    Item(Bound bound, int item) {
      b = bound;
      op = bound.op;
      this.item = item;
      dValue = new double[bound.tokens * op.heads() * op.headDim()];
      up = new double[op.headDim()];
      corner = new double[4];
      weight = new double[op.samples()];
      dWeight = new double[op.samples()];
      dReference = new double[op.referenceColumns()];
    }

    void run() {
      int columns = op.heads() * op.headDim();
      for (int query = 0; query < b.queries; query++) {
        Arrays.fill(dReference, 0);
        for (int head = 0; head < op.heads(); head++) {
          head(query, head);
        }
        for (int c = 0; b.dReference != null && c < dReference.length; c++) {
          b.dReference.f32(item, query, c, (float) dReference[c]);
        }
      }
      for (int token = 0; token < b.tokens; token++) {
        for (int c = 0; c < columns; c++) {
          b.dValue.f32(item, token, c, (float) dValue[token * columns + c]);
        }
      }
    }

    private void head(int query, int head) {
      int samples = op.samples();
      double largest = Double.NEGATIVE_INFINITY;
      for (int s = 0; s < samples; s++) {
        weight[s] = b.logits.f32(item, query, head * samples + s);
        largest = Math.max(largest, weight[s]);
      }
      double total = 0;
      for (int s = 0; s < samples; s++) {
        weight[s] = Math.exp(weight[s] - largest);
        total += weight[s];
      }
      for (int d = 0; d < op.headDim(); d++) {
        up[d] = b.dOut.f32(item, query, head * op.headDim() + d);
      }
      double mean = 0;
      int firstToken = 0;
      for (int l = 0; l < op.levels().size(); l++) {
        for (int p = 0; p < op.points(); p++) {
          int s = l * op.points() + p;
          weight[s] /= total;
          dWeight[s] = sample(query, head, l, s, firstToken);
          mean += weight[s] * dWeight[s];
        }
        firstToken += op.levels().get(l).cells();
      }
      for (int s = 0; s < samples; s++) {
        double gradient = weight[s] * (dWeight[s] - mean);
        b.dLogits.f32(item, query, head * samples + s, (float) gradient);
      }
    }

    /** One sample: writes its offset's gradient and returns that of its weight. */
    private double sample(int query, int head, int l, int s, int firstToken) {
      LevelShape level = op.levels().get(l);
      int at = 2 * (head * op.samples() + s);
      double ratioX = b.ratios.f32(item, l, 0);
      double ratioY = b.ratios.f32(item, l, 1);
      double offsetX = b.offsets.f32(item, query, at);
      double offsetY = b.offsets.f32(item, query, at + 1);
      boolean box = op.referenceColumns() == 4;
      double perX =
          box ? b.reference.f32(item, query, 2) * ratioX * 0.5 / op.points() : 1.0 / level.width();
      double perY =
          box ? b.reference.f32(item, query, 3) * ratioY * 0.5 / op.points() : 1.0 / level.height();
      double x = (b.reference.f32(item, query, 0) * ratioX + offsetX * perX) * level.width() - 0.5;
      double y = (b.reference.f32(item, query, 1) * ratioY + offsetY * perY) * level.height() - 0.5;
      int left = (int) Math.floor(x);
      int top = (int) Math.floor(y);
      double fx = x - left;
      double fy = y - top;
      // What each corner's value gives along dO, zero outside the map.
      Arrays.fill(corner, 0);
      for (int i = 0; i < 4; i++) {
        int row = top + i / 2;
        int column = left + i % 2;
        if (row < 0 || row >= level.height() || column < 0 || column >= level.width()) {
          continue;
        }
        int token = firstToken + row * level.width() + column;
        double share = (i / 2 == 0 ? 1 - fy : fy) * (i % 2 == 0 ? 1 - fx : fx);
        int first = head * op.headDim();
        for (int d = 0; d < op.headDim(); d++) {
          corner[i] += up[d] * b.value.f32(item, token, first + d);
          dValue[token * op.heads() * op.headDim() + first + d] += weight[s] * share * up[d];
        }
      }
      double dx = weight[s] * ((1 - fy) * (corner[1] - corner[0]) + fy * (corner[3] - corner[2]));
      double dy = weight[s] * ((1 - fx) * (corner[2] - corner[0]) + fx * (corner[3] - corner[1]));
      dx *= level.width();
      dy *= level.height();
      b.dOffsets.f32(item, query, at, (float) (dx * perX));
      b.dOffsets.f32(item, query, at + 1, (float) (dy * perY));
      dReference[0] += dx * ratioX;
      dReference[1] += dy * ratioY;
      if (box) {
        dReference[2] += dx * offsetX * ratioX * 0.5 / op.points();
        dReference[3] += dy * offsetY * ratioY * 0.5 / op.points();
      }
      return (1 - fy) * ((1 - fx) * corner[0] + fx * corner[1])
          + fy * ((1 - fx) * corner[2] + fx * corner[3]);
    }
  }
}
