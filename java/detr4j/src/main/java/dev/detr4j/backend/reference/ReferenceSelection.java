package dev.detr4j.backend.reference;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.SelectBestClasses;
import dev.detr4j.op.SelectRanked;
import dev.detr4j.op.SelectRanked.Edges;
import dev.detr4j.op.SelectionOp;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** {@link SelectRanked} and {@link SelectBestClasses}, one image a tile. */
final class ReferenceSelection<S extends SelectionOp> implements HostOp<S> {
  /** What an entry would be. */
  private record Candidate(int query, int label, double score, boolean dropped) {}

  @Override
  public List<HostKernel> bind(S op, BoundNode node, HostContext context, MemorySegment workspace) {
    Elements logits = new Elements(node.input(0));
    Elements boxes = new Elements(node.input(1));
    Elements extents = new Elements(node.input(2));
    Elements corners = new Elements(node.output(0));
    Elements scores = new Elements(node.output(1));
    Elements labels = new Elements(node.output(2));
    Elements queries = new Elements(node.output(3));
    Elements finite = new Elements(node.output(4));
    int count = node.input(0).shape().get(1);
    int classes = node.input(0).shape().last();
    Edges edges = op instanceof SelectRanked ranked ? ranked.edges() : Edges.KEPT;
    return List.of(
        TiledLoop.of(
            node.input(0).shape().get(0),
            (item, scratch) -> {
              List<Candidate> found =
                  switch (op) {
                    case SelectRanked ranked -> ranked(ranked, logits, item, count, classes);
                    case SelectBestClasses best -> best(best, logits, item, count, classes);
                  };
              float[] first = new float[4];
              boolean any = false;
              List<float[]> places = new ArrayList<>();
              boolean[] passes = new boolean[found.size()];
              for (int i = 0; i < passes.length; i++) {
                Candidate candidate = found.get(i);
                float[] place = corners(boxes, extents, item, candidate.query, edges);
                boolean empty =
                    edges == Edges.CLIPPED_AND_EMPTY_DROPPED
                        && !(place[2] - place[0] > 0 && place[3] - place[1] > 0);
                passes[i] = !candidate.dropped && !Double.isNaN(candidate.score) && !empty;
                places.add(place);
                first = passes[i] && !any ? place : first;
                any |= passes[i];
              }
              for (int i = 0; i < found.size(); i++) {
                Candidate candidate = found.get(i);
                float[] place = passes[i] ? places.get(i) : first;
                for (int c = 0; c < 4; c++) {
                  corners.f32(item, i, c, place[c]);
                }
                scores.f32(
                    item, 0, i, passes[i] ? (float) candidate.score : Float.NEGATIVE_INFINITY);
                labels.i32(item, 0, i, passes[i] ? candidate.label : 0);
                queries.i32(item, 0, i, passes[i] ? candidate.query : 0);
              }
              finite.i32(
                  item,
                  0,
                  0,
                  isFinite(logits, item, count, classes) && isFinite(boxes, item, count, 4)
                      ? 1
                      : 0);
            }));
  }

  private static List<Candidate> ranked(
      SelectRanked op, Elements logits, int item, int queries, int classes) {
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < queries * classes; i++) {
      order.add(i);
    }
    // Double.compare has NaN above all numbers, and 0 above -0, which here are equal.
    order.sort(
        Comparator.comparingDouble((Integer i) -> logits.f32(item, i / classes, i % classes) + 0f)
            .reversed());
    List<Candidate> found = new ArrayList<>();
    for (int index : order.subList(0, op.k())) {
      double logit = logits.f32(item, index / classes, index % classes);
      found.add(
          new Candidate(
              index / classes,
              op.firstLabel() + index % classes,
              1 / (1 + Math.exp(-logit)),
              false));
    }
    return found;
  }

  private static List<Candidate> best(
      SelectBestClasses op, Elements logits, int item, int queries, int classes) {
    List<Candidate> found = new ArrayList<>();
    for (int query = 0; query < queries; query++) {
      int best = 0;
      float largest = Float.NEGATIVE_INFINITY;
      for (int c = 0; c < classes; c++) {
        float logit = logits.f32(item, query, c);
        best = c < classes - 1 && logit > logits.f32(item, query, best) ? c : best;
        largest = Math.max(largest, logit);
      }
      double sum = 0;
      for (int c = 0; c < classes; c++) {
        sum += Math.exp(logits.f32(item, query, c) - largest);
      }
      float bestLogit = logits.f32(item, query, best);
      found.add(
          new Candidate(
              query,
              best,
              Math.exp(bestLogit - largest) / sum,
              op.onlyClasses() && logits.f32(item, query, classes - 1) > bestLogit));
    }
    return found;
  }

  private static float[] corners(
      Elements boxes, Elements extents, int item, int query, Edges edges) {
    float[] corners = new float[4];
    for (int i = 0; i < 4; i++) {
      int axis = i % 2;
      float half = 0.5f * boxes.f32(item, query, 2 + axis);
      float centre = boxes.f32(item, query, axis);
      float extent = extents.f32(item, 0, axis);
      float pixels = (i < 2 ? centre - half : centre + half) * extent;
      corners[i] = edges == Edges.KEPT ? pixels : Math.max(0f, Math.min(pixels, extent));
    }
    return corners;
  }

  private static boolean isFinite(Elements values, int item, int rows, int columns) {
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        if (!Float.isFinite(values.f32(item, row, column))) {
          return false;
        }
      }
    }
    return true;
  }
}
