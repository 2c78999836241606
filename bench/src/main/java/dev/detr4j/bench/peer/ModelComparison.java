package dev.detr4j.bench.peer;

import dev.detr4j.backend.Precision;
import dev.detr4j.bench.peer.ComparisonReport.Group;
import dev.detr4j.bench.peer.ComparisonReport.Row;
import dev.detr4j.bench.peer.RawOutputs.Difference;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Compares contenders: first what they compute, then how long it takes, in interleaved rounds.
 *
 * @param rounds the rounds to run
 * @param tolerance largest accepted difference of a logit, and of a box in parts of the image
 */
record ModelComparison(InterleavedRounds rounds, float tolerance) {
  /**
   * A contender that is not loaded yet.
   *
   * @param peer which peer, or null for detr4j
   * @param rounds whether it rounds more than fp32 does, so that its difference is not judged
   */
  record Entry(@Nullable Peer peer, boolean rounds, Supplier<? extends Contender> load) {}

  /** The entries of a comparison, peers first. */
  static List<Entry> entries(
      ModelFolder model,
      List<Peer> peers,
      List<OwnBackend> backends,
      int threads,
      FormulaPixels pixels,
      PeerTools tools) {
    List<Entry> entries = new ArrayList<>();
    for (Peer peer : peers) {
      entries.add(new Entry(peer, peer.rounds(), () -> peer.open(model, threads, pixels, tools)));
    }
    for (OwnBackend backend : backends) {
      boolean rounds = backend.precision() != Precision.FP32;
      entries.add(new Entry(null, rounds, () -> new PlannedModel(model, backend, threads, pixels)));
    }
    return entries;
  }

  /**
   * Loads all, compares outputs, times.
   *
   * @throws ComparisonException when one computes something else than the first
   */
  Group run(int threads, List<Entry> entries) {
    List<Contender> contenders = new ArrayList<>();
    try {
      for (Entry entry : entries) {
        contenders.add(entry.load().get());
      }
      List<@Nullable Difference> differences = differences(entries, contenders);
      String loadBefore = Circumstances.load();
      List<Timings> timings = rounds.run(contenders);
      List<Row> rows = new ArrayList<>();
      for (int i = 0; i < contenders.size(); i++) {
        rows.add(
            new Row(
                contenders.get(i).name(),
                entries.get(i).peer(),
                timings.get(i),
                differences.get(i)));
      }
      return new Group(threads, rows, loadBefore, Circumstances.load());
    } finally {
      contenders.forEach(Contender::close);
    }
  }

  private List<@Nullable Difference> differences(List<Entry> entries, List<Contender> contenders) {
    Contender first = contenders.getFirst();
    first.run();
    RawOutputs expected = first.outputs();
    List<@Nullable Difference> differences = new ArrayList<>();
    differences.add(null);
    for (int i = 1; i < contenders.size(); i++) {
      Contender contender = contenders.get(i);
      contender.run();
      Difference difference = contender.outputs().from(expected);
      boolean same = difference.logits() <= tolerance && difference.boxes() <= tolerance;
      if (!same && !entries.get(i).rounds()) {
        throw new ComparisonException(
            "%s does not compute what %s computes: %s; expected logits and boxes within %.0e"
                .formatted(contender.name(), first.name(), difference, tolerance));
      }
      differences.add(difference);
    }
    return differences;
  }
}
