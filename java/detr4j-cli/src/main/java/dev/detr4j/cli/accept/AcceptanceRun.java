package dev.detr4j.cli.accept;

import dev.detr4j.Detections;
import dev.detr4j.DetectorSession;
import dev.detr4j.cli.accept.AcceptanceCheck.Found;
import dev.detr4j.cli.accept.AcceptanceCheck.Rows;
import dev.detr4j.error.ModelConfigException;
import dev.detr4j.image.ImageView;
import dev.detr4j.profile.StageValues;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Runs a model on the photo and compares it with the asserted values. */
public final class AcceptanceRun {
  /**
   * How one check went.
   *
   * @param what was compared, as in {@code logits[0:3, 0:3]}
   * @param passed whether everything was close enough
   * @param note for people: the largest error, or what is wrong
   */
  public record Result(String what, boolean passed, String note, AcceptanceCheck check) {}

  private AcceptanceRun() {}

  /**
   * Runs all checks of a model, in order.
   *
   * @throws ModelConfigException when the values are of another architecture
   */
  public static List<Result> of(
      AcceptanceValues.OfModel values, DetectorSession session, ImageView photo) {
    Map<String, StageValues> stages = stages(values, session, photo);
    List<Integer> order = order(values, stages);
    List<Result> results = new ArrayList<>();
    for (AcceptanceCheck check : values.checks()) {
      results.add(
          switch (check) {
            case Rows rows -> compare(rows, stage(stages, rows), order);
            case Found found -> compare(found, session, photo);
          });
    }
    return List.copyOf(results);
  }

  private static Map<String, StageValues> stages(
      AcceptanceValues.OfModel values, DetectorSession session, ImageView photo) {
    List<String> names =
        values.checks().stream()
            .filter(Rows.class::isInstance)
            .map(check -> ((Rows) check).stage())
            .distinct()
            .toList();
    Map<String, StageValues> stages = new LinkedHashMap<>();
    try {
      for (StageValues stage : session.stages(photo, names)) {
        stages.put(stage.name(), stage);
      }
    } catch (IllegalArgumentException e) {
      throw new ModelConfigException("model " + values.model() + ": " + e.getMessage(), e);
    }
    for (AcceptanceCheck check : values.checks()) {
      if (check instanceof Rows rows) {
        StageValues stage = stage(stages, rows);
        if (stage.rows() < rows.rows() || stage.columns() < rows.columns()) {
          throw new ModelConfigException(
              "model %s: stage %s is %s, but the published values are %d x %d"
                  .formatted(
                      values.model(), stage.name(), stage.shape(), rows.rows(), rows.columns()));
        }
      }
    }
    return stages;
  }

  private static StageValues stage(Map<String, StageValues> stages, Rows rows) {
    StageValues stage = stages.get(rows.stage());
    if (stage == null) {
      throw new IllegalStateException("stage " + rows.stage() + " was not computed");
    }
    return stage;
  }

  /**
   * Which query stands for each expected one: the same, or the one that is nearest in all stages
   * together, each measured by its tolerance.
   */
  private static List<Integer> order(
      AcceptanceValues.OfModel values, Map<String, StageValues> stages) {
    List<Rows> checks = new ArrayList<>();
    for (AcceptanceCheck check : values.checks()) {
      if (check instanceof Rows rows) {
        checks.add(rows);
      }
    }
    int expected = checks.stream().mapToInt(Rows::rows).max().orElse(0);
    List<Integer> order = new ArrayList<>();
    for (int row = 0; row < expected; row++) {
      int best = row;
      double nearest = Double.POSITIVE_INFINITY;
      int queries = values.nearest() ? stage(stages, checks.getFirst()).rows() : 0;
      for (int query = 0; query < queries; query++) {
        double distance = 0;
        for (Rows rows : checks) {
          distance = Math.max(distance, row < rows.rows() ? distance(rows, row, stages, query) : 0);
        }
        if (distance < nearest) {
          nearest = distance;
          best = query;
        }
      }
      order.add(best);
    }
    return order;
  }

  private static double distance(Rows rows, int row, Map<String, StageValues> stages, int query) {
    StageValues stage = stage(stages, rows);
    double distance = 0;
    for (int column = 0; column < rows.columns(); column++) {
      double expected = rows.get(row, column);
      double error = Math.abs(stage.get(query, column) - expected) / rows.tolerance(expected);
      distance = Double.isNaN(error) ? Double.POSITIVE_INFINITY : Math.max(distance, error);
    }
    return distance;
  }

  private static Result compare(Rows rows, StageValues stage, List<Integer> order) {
    Worst worst = new Worst(rows);
    int moved = 0;
    for (int row = 0; row < rows.rows(); row++) {
      int query = order.get(row);
      moved += query == row ? 0 : 1;
      for (int column = 0; column < rows.columns(); column++) {
        worst.add(
            stage.get(query, column), rows.get(row, column), "[%d, %d]".formatted(row, column));
      }
    }
    return new Result(
        "%s[0:%d, 0:%d]".formatted(rows.stage(), rows.rows(), rows.columns()),
        worst.passed(),
        worst.text() + (moved == 0 ? "" : ", %d queries in another place".formatted(moved)),
        rows);
  }

  private static Result compare(Found expected, DetectorSession session, ImageView photo) {
    Detections found = session.newDetections();
    session.detect(photo, found, (float) expected.threshold());
    String what = "detections above " + expected.threshold();
    List<Integer> labels = new ArrayList<>();
    for (int i = 0; i < found.size(); i++) {
      labels.add(found.labelId(i));
    }
    if (!labels.equals(expected.labels())) {
      return new Result(
          what, false, "labels are %s, expected %s".formatted(labels, expected.labels()), expected);
    }
    Worst worst = new Worst(expected);
    for (int i = 0; i < found.size(); i++) {
      worst.add(found.score(i), expected.scores().get(i), "score " + i);
    }
    float[] box = {found.xMin(0), found.yMin(0), found.xMax(0), found.yMax(0)};
    for (int i = 0; i < 4; i++) {
      worst.add(box[i], expected.firstBox().get(i), "box 0, " + i);
    }
    return new Result(what, worst.passed(), worst.text(), expected);
  }

  /** The error that is largest as a part of its tolerance. */
  private static final class Worst {
    private final AcceptanceCheck check;
    private double part = -1;
    private String text = "";

    Worst(AcceptanceCheck check) {
      this.check = check;
    }

    void add(double actual, double expected, String where) {
      double error = Math.abs(actual - expected);
      double of = error / check.tolerance(expected);
      double comparable = Double.isNaN(of) ? Double.POSITIVE_INFINITY : of;
      if (comparable > part) {
        part = comparable;
        text =
            String.format(
                Locale.ROOT,
                "%.2g at %s (%.6g, expected %.6g, tolerance %.2g)",
                error,
                where,
                actual,
                expected,
                check.tolerance(expected));
      }
    }

    boolean passed() {
      return part <= 1;
    }

    String text() {
      return text;
    }
  }
}
