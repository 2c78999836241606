package dev.detr4j.parity;

import dev.detr4j.tensor.Shape;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which query of a two-stage run stands for which stored query. They are the same but where
 * rounding swapped two neighbours with nearly equal scores; the decoder treats queries alike, so
 * that all later stages have the same rows in the other order.
 */
final class ProposalOrder {
  /** Neighbours may swap; proposals that are farther from their place are an error. */
  private static final int MOST_PLACES = 1;

  private final int[] rows;
  private final int queries;
  private final int displaced;
  private final int farthest;
  private final int missing;

  private ProposalOrder(int[] rows, int queries, int displaced, int farthest, int missing) {
    this.rows = rows;
    this.queries = queries;
    this.displaced = displaced;
    this.farthest = farthest;
    this.missing = missing;
  }

  /**
   * Matches the queries of each image by the token that they came from.
   *
   * @param stored the token of each stored query, image after image
   * @param actual the same of the run
   */
  static ProposalOrder of(List<Integer> stored, int[] actual, int queries) {
    int[] rows = new int[stored.size()];
    int displaced = 0;
    int farthest = 0;
    int missing = 0;
    for (int first = 0; first < rows.length; first += queries) {
      Map<Integer, Integer> places = new HashMap<>();
      for (int query = 0; query < queries; query++) {
        places.put(actual[first + query], query);
      }
      for (int query = 0; query < queries; query++) {
        Integer place = places.get(stored.get(first + query));
        rows[first + query] = place == null ? query : place;
        if (place == null) {
          missing++;
        } else if (place != query) {
          displaced++;
          farthest = Math.max(farthest, Math.abs(place - query));
        }
      }
    }
    return new ProposalOrder(rows, queries, displaced, farthest, missing);
  }

  /** How far the farthest proposal is from its stored place. */
  StageResult result() {
    if (missing > 0) {
      return new StageResult(
          "proposal_index",
          Double.POSITIVE_INFINITY,
          MOST_PLACES,
          missing + " stored proposals were not selected");
    }
    return new StageResult(
        "proposal_index",
        farthest,
        MOST_PLACES,
        displaced == 0 ? "" : displaced + " proposals in another place");
  }

  /** The values of a by-query tensor in the stored order. */
  ExpectedTensor.Values align(BackendTensor tensor, Shape shape) {
    int columns = shape.last();
    return flat -> {
      long query = flat / columns;
      long item = query / queries;
      return tensor.element(item, rows[Math.toIntExact(query)], flat % columns);
    };
  }
}
