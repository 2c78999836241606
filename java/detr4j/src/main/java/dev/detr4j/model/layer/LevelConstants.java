package dev.detr4j.model.layer;

import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.op.LevelShape;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Collections;
import java.util.List;

/**
 * What depends on the extents of the feature levels alone: valid ratios, the encoder's reference
 * points, and the two-stage proposals, as boxes or as logits. Computed in fp32 in the order of the
 * original, because boxes are compared to a millionth; in arrays, because a JVM that has just
 * started is many times slower in segments.
 *
 * @param levels extents of the levels
 * @param valid for each level, the valid cells of each image
 */
public record LevelConstants(List<LevelShape> levels, List<List<LevelShape>> valid) {
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT;

  /** Levels of images without padding. */
  public static LevelConstants unpadded(List<LevelShape> levels, int batch) {
    return new LevelConstants(
        levels, levels.stream().map(level -> Collections.nCopies(batch, level)).toList());
  }

  private int batch() {
    return valid.get(0).size();
  }

  /** Valid ratios {@code [N, L, 2]} (x, y): the part of each level that is not padding. */
  public Value validRatios(Graph.Builder graph) {
    return graph.constant(
        "valid_ratios",
        ElementType.F32,
        Shape.of(batch(), levels.size(), 2),
        out -> {
          long i = 0;
          for (int n = 0; n < batch(); n++) {
            for (int l = 0; l < levels.size(); l++) {
              out.setAtIndex(F32, i++, ratioX(n, l));
              out.setAtIndex(F32, i++, ratioY(n, l));
            }
          }
        });
  }

  /**
   * The valid ratios of the first level for each of so many boxes, {@code [N, boxes, 4]} (x, y, x,
   * y).
   */
  public Value boxRatios(Graph.Builder graph, int boxes) {
    return graph.constant(
        "box_ratios",
        ElementType.F32,
        Shape.of(batch(), boxes, 4),
        out -> {
          for (int i = 0; i < 4 * batch() * boxes; i++) {
            int n = i / 4 / boxes;
            out.setAtIndex(F32, i, i % 2 == 0 ? ratioX(n, 0) : ratioY(n, 0));
          }
        });
  }

  /** Reference points {@code [N, S, 2]}: the centre of each cell relative to the unpadded image. */
  public Value referencePoints(Graph.Builder graph) {
    return graph.constant(
        "reference_points",
        ElementType.F32,
        Shape.of(batch(), LevelShape.tokens(levels), 2),
        out -> {
          float[] points = new float[2 * batch() * LevelShape.tokens(levels)];
          int i = 0;
          for (int n = 0; n < batch(); n++) {
            for (int l = 0; l < levels.size(); l++) {
              LevelShape level = levels.get(l);
              float width = ratioX(n, l) * level.width();
              float height = ratioY(n, l) * level.height();
              for (int y = 0; y < level.height(); y++) {
                for (int x = 0; x < level.width(); x++) {
                  points[i++] = (x + 0.5f) / width;
                  points[i++] = (y + 0.5f) / height;
                }
              }
            }
          }
          MemorySegment.copy(points, 0, out, F32, 0, points.length);
        });
  }

  /**
   * Proposal logits {@code [N, S, 4]}: a box of 0.05 times 2^level at each cell, through the
   * inverse sigmoid; infinite where the cell is padding or the box leaves (0.01, 0.99).
   */
  public Value proposalLogits(Graph.Builder graph) {
    return graph.constant(
        "proposal_logits",
        ElementType.F32,
        Shape.of(batch(), LevelShape.tokens(levels), 4),
        out -> {
          float[] logits = new float[4 * batch() * LevelShape.tokens(levels)];
          visit((i, proposal) -> writeLogits(logits, i, proposal));
          MemorySegment.copy(logits, 0, out, F32, 0, logits.length);
        });
  }

  /**
   * Proposals {@code [N, S, 4]} (cx, cy, w, h): a box of 0.05 times 2^level at each cell; zeros
   * where the cell is padding or the box leaves (0.01, 0.99).
   */
  public Value proposals(Graph.Builder graph) {
    return graph.constant(
        "proposals",
        ElementType.F32,
        Shape.of(batch(), LevelShape.tokens(levels), 4),
        out -> {
          float[] boxes = new float[4 * batch() * LevelShape.tokens(levels)];
          visit((i, proposal) -> {
            if (proposal.usable()) {
              boxes[4 * i] = proposal.centreX();
              boxes[4 * i + 1] = proposal.centreY();
              boxes[4 * i + 2] = proposal.side();
              boxes[4 * i + 3] = proposal.side();
            }
          });
          MemorySegment.copy(boxes, 0, out, F32, 0, boxes.length);
        });
  }

  /** F32 {@code [N, S, 1]}: 0 where a proposal is usable, else minus infinity, to add to scores. */
  public Value proposalPenalty(Graph.Builder graph) {
    return graph.constant(
        "proposal_penalty",
        ElementType.F32,
        Shape.of(batch(), LevelShape.tokens(levels), 1),
        out ->
            visit((i, proposal) ->
                out.setAtIndex(F32, i, proposal.usable() ? 0f : Float.NEGATIVE_INFINITY)));
  }

  /** Whether all proposals are usable: no cell is padding, no box leaves (0.01, 0.99). */
  public boolean allUsable() {
    boolean[] all = {true};
    visit((i, proposal) -> all[0] &= proposal.usable());
    return all[0];
  }

  /** U8 {@code [N, S]}: 1 where a proposal is finite. */
  public Value proposalMask(Graph.Builder graph) {
    return graph.constant(
        "proposal_mask",
        ElementType.U8,
        Shape.of(batch(), LevelShape.tokens(levels)),
        out -> {
          byte[] usable = new byte[batch() * LevelShape.tokens(levels)];
          visit((i, proposal) -> usable[i] = (byte) (proposal.usable() ? 1 : 0));
          MemorySegment.copy(usable, 0, out, ValueLayout.JAVA_BYTE, 0, usable.length);
        });
  }

  private record Proposal(float centreX, float centreY, float side, boolean usable) {}

  private interface Visitor {
    void visit(int token, Proposal proposal);
  }

  private void visit(Visitor visitor) {
    int token = 0;
    for (int n = 0; n < batch(); n++) {
      for (int l = 0; l < levels.size(); l++) {
        LevelShape level = levels.get(l);
        LevelShape inside = valid.get(l).get(n);
        float side = 0.05f * (float) Math.pow(2, l);
        for (int y = 0; y < level.height(); y++) {
          for (int x = 0; x < level.width(); x++) {
            float centreX = (x + 0.5f) / inside.width();
            float centreY = (y + 0.5f) / inside.height();
            boolean usable =
                y < inside.height()
                    && x < inside.width()
                    && inner(centreX)
                    && inner(centreY)
                    && inner(side);
            visitor.visit(token++, new Proposal(centreX, centreY, side, usable));
          }
        }
      }
    }
  }

  private static void writeLogits(float[] logits, int token, Proposal proposal) {
    float[] box = {proposal.centreX(), proposal.centreY(), proposal.side(), proposal.side()};
    for (int c = 0; c < 4; c++) {
      logits[4 * token + c] =
          proposal.usable() ? (float) Math.log(box[c] / (1 - box[c])) : Float.POSITIVE_INFINITY;
    }
  }

  private static boolean inner(float value) {
    return value > 0.01f && value < 0.99f;
  }

  private float ratioX(int item, int level) {
    return (float) valid.get(level).get(item).width() / levels.get(level).width();
  }

  private float ratioY(int item, int level) {
    return (float) valid.get(level).get(item).height() / levels.get(level).height();
  }
}
