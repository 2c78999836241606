package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.BYTES;
import static dev.detr4j.backend.vector.Lanes.COUNT;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HeadSums;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.LevelShape;
import dev.detr4j.op.MsDeformAttention;
import dev.detr4j.op.gradient.MsDeformAttentionGradient;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * {@link MsDeformAttentionGradient}, one head of one batch item a tile, as {@code
 * native/src/kernels/ms_deform_attention_gradient.c} plans it: the head's values and their
 * gradients lie packed in scratch.
 */
final class VectorMsDeformAttentionGradient implements HostOp<MsDeformAttentionGradient> {
  @Override
  public long workspaceBytes(MsDeformAttentionGradient op, BoundNode node, HostContext context) {
    return op.referenceLearns() ? HeadSums.bytes(op.of().heads(), node.output(3)) : 0;
  }

  @Override
  public List<HostKernel> bind(
      MsDeformAttentionGradient op, BoundNode node, HostContext context, MemorySegment workspace) {
    List<HostKernel> phases = new ArrayList<>();
    phases.add(
        new Kernel(
            op.of(),
            node.input(0).batch(),
            node.input(1).shape().get(1),
            node.input(0).shape().get(1),
            Rows.of(node.input(0)),
            Rows.of(node.input(1)),
            Rows.of(node.input(2)),
            Rows.of(node.input(3)),
            Rows.of(node.input(4)),
            Rows.of(node.input(5)),
            Rows.of(node.output(0)),
            Rows.of(node.output(1)),
            Rows.of(node.output(2)),
            op.referenceLearns() ? workspace.address() : 0));
    if (op.referenceLearns()) {
      phases.add(HeadSums.of(op.of().heads(), workspace, node.output(3)));
    }
    return phases;
  }

  /** Where the parts of a head's scratch lie. */
  private record Space(
      long value, long dValue, long up, long weight, long dWeight, long lanes, int dim) {}

  private record Kernel(
      MsDeformAttention of,
      int batch,
      int queries,
      int tokens,
      Rows value,
      Rows offsets,
      Rows logits,
      Rows reference,
      Rows ratios,
      Rows dOut,
      Rows dValue,
      Rows dOffsets,
      Rows dLogits,
      long dReference)
      implements HostKernel {
    @Override
    public int tiles() {
      return Math.max(1, batch * of.heads());
    }

    private static int whole(int count) {
      return (count + COUNT - 1) / COUNT * COUNT;
    }

    @Override
    public long scratchBytes() {
      return 8L * tokens * whole(of.headDim())
          + 4L * whole(of.headDim())
          + 8L * whole(of.samples())
          + 4L * BYTES;
    }

    @Override
    public void run(int tile, MemorySegment scratch) {
      if (batch == 0) {
        return;
      }
      int item = tile / of.heads();
      int head = tile % of.heads();
      int dim = whole(of.headDim());
      long start = scratch.address();
      long size = 4L * tokens * dim;
      long up = start + 2 * size;
      long weight = up + 4L * dim;
      long dWeight = weight + 4L * whole(of.samples());
      Space space =
          new Space(
              start, start + size, up, weight, dWeight, dWeight + 4L * whole(of.samples()), dim);
      Memory.clear(start, scratchBytes());
      long first = 4L * head * of.headDim();
      long bytes = 4L * of.headDim();
      for (int token = 0; token < tokens; token++) {
        Memory.copy(value.row(item, token) + first, start + 4L * token * dim, bytes);
      }
      for (int i = 0; i < queries; i++) {
        Memory.copy(dOut.row(item, i) + first, up, bytes);
        query(space, item, head, i);
      }
      for (int token = 0; token < tokens; token++) {
        Memory.copy(start + size + 4L * token * dim, dValue.row(item, token) + first, bytes);
      }
    }

    private void query(Space s, int item, int head, int i) {
      int samples = of.samples();
      long offset = offsets.row(item, i) + 8L * head * samples;
      long dOffset = dOffsets.row(item, i) + 8L * head * samples;
      long at = reference.row(item, i);
      Memory.copy(logits.row(item, i) + 4L * head * samples, s.weight, 4L * samples);
      HeadVectors.softmax(s.weight, samples, s.lanes);
      boolean box = of.referenceColumns() == 4;
      float half = 0.5f / of.points();
      float centreX = Memory.getFloat(at);
      float centreY = Memory.getFloat(at + 4);
      float boxWidth = box ? Memory.getFloat(at + 8) : 0;
      float boxHeight = box ? Memory.getFloat(at + 12) : 0;
      double moved0 = 0;
      double moved1 = 0;
      double moved2 = 0;
      double moved3 = 0;
      float mean = 0;
      int firstToken = 0;
      for (int l = 0; l < of.levels().size(); l++) {
        LevelShape level = of.levels().get(l);
        int height = level.height();
        int width = level.width();
        float ratioX = Memory.getFloat(ratios.row(item, l));
        float ratioY = Memory.getFloat(ratios.row(item, l) + 4);
        float byX = box ? boxWidth * ratioX * half * width : 1;
        float byY = box ? boxHeight * ratioY * half * height : 1;
        for (int n = 0; n < of.points(); n++) {
          long k = (long) l * of.points() + n;
          float offsetX = Memory.getFloat(offset + 8 * k);
          float offsetY = Memory.getFloat(offset + 8 * k + 4);
          float x = centreX * ratioX * width - 0.5f + offsetX * byX;
          float y = centreY * ratioY * height - 0.5f + offsetY * byY;
          float weight = Memory.getFloat(s.weight + 4 * k);
          float dx = 0;
          float dy = 0;
          float dWeight = Float.isNaN(x) || Float.isNaN(y) ? Float.NaN : 0;
          if (x > -1 && x < width && y > -1 && y < height) {
            int left = (int) Math.floor(x);
            int top = (int) Math.floor(y);
            float fx = x - left;
            float fy = y - top;
            long token = firstToken + (long) top * width + left;
            boolean upper = top >= 0;
            boolean lower = top + 1 < height;
            boolean west = left >= 0;
            boolean east = left + 1 < width;
            float nw = upper && west ? corner(s, token, weight * (1 - fx) * (1 - fy)) : 0;
            float ne = upper && east ? corner(s, token + 1, weight * fx * (1 - fy)) : 0;
            float sw = lower && west ? corner(s, token + width, weight * (1 - fx) * fy) : 0;
            float se = lower && east ? corner(s, token + width + 1, weight * fx * fy) : 0;
            float above = nw + fx * (ne - nw);
            float below = sw + fx * (se - sw);
            dWeight = above + fy * (below - above);
            dx = weight * ((1 - fy) * (ne - nw) + fy * (se - sw));
            dy = weight * (below - above);
          }
          mean += weight * dWeight;
          Memory.setFloat(s.dWeight + 4 * k, dWeight);
          Memory.setFloat(dOffset + 8 * k, dx * byX);
          Memory.setFloat(dOffset + 8 * k + 4, dy * byY);
          moved0 += dx * width * ratioX;
          moved1 += dy * height * ratioY;
          moved2 += dx * width * offsetX * ratioX * half;
          moved3 += dy * height * offsetY * ratioY * half;
        }
        firstToken += level.cells();
      }
      long dLogit = dLogits.row(item, i) + 4L * head * samples;
      for (int k = 0; k < samples; k++) {
        float weight = Memory.getFloat(s.weight + 4L * k);
        Memory.setFloat(dLogit + 4L * k, weight * (Memory.getFloat(s.dWeight + 4L * k) - mean));
      }
      if (dReference != 0) {
        long to =
            dReference
                + 4L * (((long) item * of.heads() + head) * queries + i) * of.referenceColumns();
        Memory.setFloat(to, (float) moved0);
        Memory.setFloat(to + 4, (float) moved1);
        if (box) {
          Memory.setFloat(to + 8, (float) moved2);
          Memory.setFloat(to + 12, (float) moved3);
        }
      }
    }

    /** The product of a corner's value with dO; the corner's gradient takes {@code factor} dO. */
    private static float corner(Space s, long token, float factor) {
      long at = 4L * token * s.dim;
      HeadVectors.dot(s.value + at, s.up, s.dim, s.lanes);
      HeadVectors.add(factor, s.up, s.dValue + at, s.dim);
      return AcrossLanes.sum(s.lanes);
    }
  }
}
