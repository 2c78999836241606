package dev.detr4j.postprocess;

import dev.detr4j.op.SelectBestClasses;
import dev.detr4j.op.SelectionOp;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * DETR: softmax over the classes and "no object" (the last logit), then each query's best real
 * class; detections come in query order. As {@code post_process_object_detection} of Hugging Face
 * and {@code PostProcess} of facebookresearch/detr do.
 *
 * <p>The label is the largest logit's, the lower one among equals. A query with a NaN or positive
 * infinite logit has a NaN score and is dropped.
 */
public final class DetrPostprocessing implements Postprocessing {
  /** Which queries are detections at all, whatever their scores. */
  public enum Candidates {
    /** All: a query counts by its best class, even if "no object" is more likely. */
    ALL,
    /** Those with a class more likely than "no object", as microsoft/table-transformer has it. */
    BEST_IS_A_CLASS
  }

  private final int queries;
  private final int logitsPerQuery;
  private final Candidates candidates;

  /**
   * A selector for one output shape.
   *
   * @param logitsPerQuery number of classes plus one for "no object", at least 2
   */
  public DetrPostprocessing(int queries, int logitsPerQuery) {
    this(queries, logitsPerQuery, Candidates.ALL);
  }

  /** As above, with a choice of the queries. */
  public DetrPostprocessing(int queries, int logitsPerQuery, Candidates candidates) {
    if (logitsPerQuery < 2) {
      throw new IllegalArgumentException(
          "logitsPerQuery is " + logitsPerQuery + ", expected at least 2");
    }
    this.queries = queries;
    this.logitsPerQuery = logitsPerQuery;
    this.candidates = candidates;
  }

  @Override
  public int capacity() {
    return queries;
  }

  @Override
  public SelectionOp operation() {
    return new SelectBestClasses(candidates == Candidates.BEST_IS_A_CLASS);
  }

  @Override
  public int select(
      MemorySegment logits,
      MemorySegment boxes,
      int image,
      int originalWidth,
      int originalHeight,
      float threshold,
      DetectionSink sink) {
    int selected = 0;
    for (int query = 0; query < queries; query++) {
      long row = (long) image * queries + query;
      long first = row * logitsPerQuery;
      int best = 0;
      float bestLogit = at(logits, first);
      for (int label = 1; label < logitsPerQuery - 1; label++) {
        float logit = at(logits, first + label);
        if (logit > bestLogit) {
          best = label;
          bestLogit = logit;
        }
      }
      float noObject = at(logits, first + logitsPerQuery - 1);
      if (candidates == Candidates.BEST_IS_A_CLASS && noObject > bestLogit) {
        continue;
      }
      float largest = Math.max(bestLogit, noObject);
      double sum = 0.0;
      for (int label = 0; label < logitsPerQuery; label++) {
        sum += Math.exp(at(logits, first + label) - largest);
      }
      float score = (float) (Math.exp(bestLogit - largest) / sum);
      if (score > threshold) {
        if (RelativeBoxes.emit(
            boxes,
            row,
            query,
            best,
            score,
            originalWidth,
            originalHeight,
            SelectionRule.Edges.KEPT,
            sink)) {
          selected++;
        }
      }
    }
    return selected;
  }

  private static float at(MemorySegment values, long index) {
    return values.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * index);
  }
}
