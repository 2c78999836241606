package dev.detr4j.bench.peer;

import dev.detr4j.bench.peer.RawOutputs.Difference;
import java.time.OffsetDateTime;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One comparison of one model.
 *
 * @param model its name
 * @param height rows of the input
 * @param width columns of the input
 * @param place where it was taken
 * @param taken when it began
 * @param method how many rounds, and how they were run, in words
 * @param groups the figures, one group for each number of threads
 */
record ComparisonReport(
    String model,
    int height,
    int width,
    Place place,
    OffsetDateTime taken,
    String method,
    List<Group> groups) {
  ComparisonReport {
    groups = List.copyOf(groups);
  }

  /** The words of {@link Circumstances}, as they were when the comparison began. */
  record Place(String machine, String java, String commit) {
    static Place here() {
      return new Place(Circumstances.machine(), Circumstances.java(), Circumstances.commit());
    }
  }

  /**
   * What ran in the same rounds.
   *
   * @param rows the contenders, peers first; outputs were compared with those of the first
   * @param loadBefore load averages when the first round began
   * @param loadAfter load averages after the last
   */
  record Group(int threads, List<Row> rows, String loadBefore, String loadAfter) {
    Group {
      rows = List.copyOf(rows);
    }

    List<Row> peers() {
      return rows.stream().filter(row -> row.peer() != null).toList();
    }

    String title() {
      return threads == 1 ? "1 thread" : threads + " threads";
    }
  }

  /**
   * One contender.
   *
   * @param name with version or instruction set
   * @param peer which peer, or null for detr4j
   * @param difference from the first row's outputs; null for the first itself
   */
  record Row(String name, @Nullable Peer peer, Timings timings, @Nullable Difference difference) {
    double median() {
      return timings.wall().median();
    }
  }
}
