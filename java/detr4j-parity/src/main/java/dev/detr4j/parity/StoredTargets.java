package dev.detr4j.parity;

import dev.detr4j.json.JsonObject;
import dev.detr4j.train.loss.CriterionOptions;
import dev.detr4j.train.loss.CriterionOptions.Cardinality;
import dev.detr4j.train.match.MatchingCost;
import dev.detr4j.train.match.OverlapRule;
import dev.detr4j.train.match.Targets;
import java.util.List;

/** Targets and settings of losses as the cases of a training set describe them. */
final class StoredTargets {
  private StoredTargets() {}

  /** The targets of each image. Their numbers are rounded to fp32, as the originals had them. */
  static List<Targets> of(List<JsonObject> images) {
    return images.stream().map(StoredTargets::of).toList();
  }

  private static Targets of(JsonObject image) {
    int[] labels = image.integers("labels", 0, 1000).stream().mapToInt(Integer::intValue).toArray();
    List<List<Double>> rows = image.numberLists("boxes");
    if (rows.size() != labels.length) {
      throw image.wrong("%d labels and %d boxes".formatted(labels.length, rows.size()));
    }
    float[] boxes = new float[4 * labels.length];
    for (int i = 0; i < labels.length; i++) {
      List<Double> box = rows.get(i);
      if (box.size() != 4) {
        throw image.wrong("box %d has %d numbers, expected 4".formatted(i, box.size()));
      }
      for (int part = 0; part < 4; part++) {
        boxes[4 * i + part] = box.get(part).floatValue();
      }
    }
    return new Targets(labels, boxes);
  }

  /** The settings of a criterion. */
  static CriterionOptions criterion(JsonObject o, boolean auxiliary) {
    double epsilon = o.number("iou_epsilon", 0);
    MatchingCost cost =
        new MatchingCost(
            o.string("form").equals("focal") ? MatchingCost.Form.FOCAL : MatchingCost.Form.SOFTMAX,
            o.number("class_cost"),
            o.number("bbox_cost"),
            o.number("giou_cost"),
            1e-8,
            overlap(epsilon),
            o.bool("replace_invalid", false));
    return new CriterionOptions(
        cost,
        o.number("class_weight"),
        o.number("bbox_weight"),
        o.number("giou_weight"),
        o.number("alpha", Double.NaN),
        o.number("eos", Double.NaN),
        cardinality(o.string("cardinality", "")),
        auxiliary,
        o.bool("encoder", false));
  }

  /** Projects that keep quotients finite add a small number to the divisor. */
  static OverlapRule overlap(double epsilon) {
    return epsilon == 0 ? OverlapRule.PLAIN : new OverlapRule(OverlapRule.Kind.ADDED, epsilon);
  }

  private static Cardinality cardinality(String name) {
    return switch (name) {
      case "" -> Cardinality.NONE;
      case "sigmoid" -> Cardinality.SIGMOID;
      default -> Cardinality.NOT_LAST;
    };
  }
}
