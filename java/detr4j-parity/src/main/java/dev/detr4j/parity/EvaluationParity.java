package dev.detr4j.parity;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.evaluation.Annotations;
import dev.detr4j.evaluation.BoxEvaluation;
import dev.detr4j.evaluation.Category;
import dev.detr4j.evaluation.CocoStats;
import dev.detr4j.evaluation.ResultsFile;
import dev.detr4j.json.JsonObject;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * COCO's numbers of a file of detections, against those of pycocotools: the twelve, those of each
 * class, average precision at each IoU threshold, and the curve of the first class.
 */
final class EvaluationParity implements ParityCase.OnHost {
  /** The order of summation is the only difference. */
  private static final double TOLERANCE = 1e-12;

  private final String path;
  private final Path folder;

  /** The case of a folder with {@code gt.json}, {@code dt.json} and {@code expected.json}. */
  EvaluationParity(String path, Path folder) {
    this.path = path;
    this.folder = folder;
  }

  @Override
  public String path() {
    return path;
  }

  @Override
  public List<StageResult> run() {
    JsonObject expected =
        JsonObject.read(
            folder.resolve("expected.json"),
            message -> new CheckpointException("golden case " + path + ": " + message));
    Annotations annotations = Annotations.read(folder.resolve("gt.json"));
    BoxEvaluation evaluation =
        BoxEvaluation.of(annotations, ResultsFile.read(folder.resolve("dt.json"), annotations));
    return List.of(
        all(evaluation, expected),
        byCategory(evaluation, annotations, expected),
        byThreshold(evaluation, expected),
        curve(evaluation, expected));
  }

  private static StageResult all(BoxEvaluation evaluation, JsonObject expected) {
    Worst worst = new Worst();
    worst.add("", evaluation.stats(), expected.object("stats"));
    return worst.result("twelve numbers");
  }

  private static StageResult byCategory(
      BoxEvaluation evaluation, Annotations annotations, JsonObject expected) {
    Worst worst = new Worst();
    JsonObject stored = expected.object("per_category");
    List<Category> categories = annotations.categories();
    if (stored.names().size() != categories.size()) {
      throw stored.wrong("%d classes are stored".formatted(stored.names().size()));
    }
    for (int c = 0; c < categories.size(); c++) {
      String id = categories.get(c).id().text();
      CocoStats stats = evaluation.category(c);
      JsonObject one = stored.object(id);
      List<Double> values = stats.values();
      for (String name : one.names()) {
        int index = CocoStats.NAMES.indexOf(name);
        if (index < 0) {
          throw one.wrong(name + " is none of " + CocoStats.NAMES);
        }
        worst.add("class " + id + " " + name, values.get(index), one.number(name));
      }
    }
    return worst.result("each class");
  }

  private static StageResult byThreshold(BoxEvaluation evaluation, JsonObject expected) {
    Worst worst = new Worst();
    JsonObject stored = expected.object("per_iou_AP");
    for (int t = 0; t < BoxEvaluation.THRESHOLDS; t++) {
      String name = String.format(Locale.ROOT, "%.2f", BoxEvaluation.threshold(t));
      worst.add("IoU " + name, evaluation.averagePrecision(t), stored.number(name));
    }
    return worst.result("each threshold");
  }

  private static StageResult curve(BoxEvaluation evaluation, JsonObject expected) {
    Worst worst = new Worst();
    List<Double> stored = expected.numbers("precision_cat0_iou50_area_all");
    double[] actual = evaluation.precisions(0, 0);
    if (stored.size() != BoxEvaluation.RECALLS) {
      throw expected.wrong(
          "precision_cat0_iou50_area_all has %d numbers, expected %d"
              .formatted(stored.size(), BoxEvaluation.RECALLS));
    }
    for (int r = 0; r < BoxEvaluation.RECALLS; r++) {
      // pycocotools writes -1 where a class has no objects.
      worst.add("recall " + r + " %", actual.length == 0 ? -1 : actual[r], stored.get(r));
    }
    return worst.result("curve");
  }

  /** The greatest difference so far, and where it was. */
  private static final class Worst {
    private double error;
    private String note = "";

    void add(String prefix, CocoStats stats, JsonObject stored) {
      for (int i = 0; i < CocoStats.NAMES.size(); i++) {
        String name = CocoStats.NAMES.get(i);
        add(prefix + name, stats.values().get(i), stored.number(name));
      }
    }

    void add(String what, double actual, double stored) {
      double difference = Math.abs(actual - stored);
      if (!(difference <= error)) {
        error = difference;
        note = difference > TOLERANCE ? what + " is " + actual + ", stored " + stored : "";
      }
    }

    StageResult result(String stage) {
      return new StageResult(stage, error, TOLERANCE, note);
    }
  }
}
