package dev.detr4j.parity;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.image.PixelSize;
import dev.detr4j.image.ResizeRule;
import dev.detr4j.json.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The size rules of Table Transformer and RT-DETR, over a table of input sizes: rows of height and
 * width, then both for each rule.
 */
final class FamilySizeParity implements ParityCase.OnHost {
  private static final int LARGEST = 1 << 20;

  private final String path;
  private final Path file;

  /** The case of a {@code prepost/size_rules_families.json}. */
  FamilySizeParity(String path, Path file) {
    this.path = path;
    this.file = file;
  }

  @Override
  public String path() {
    return path;
  }

  private static Map<String, ResizeRule> rules() {
    Map<String, ResizeRule> rules = new LinkedHashMap<>();
    rules.put("table_detection", new ResizeRule.HuggingFace(800, 800));
    rules.put("table_structure", new ResizeRule.HuggingFace(800, 1000));
    rules.put("tatr_original_800", new ResizeRule.LongestEdge(800));
    rules.put("tatr_original_1000", new ResizeRule.LongestEdge(1000));
    rules.put("rt_detr", new ResizeRule.Fixed(640, 640));
    return rules;
  }

  @Override
  public List<StageResult> run() {
    JsonObject json = JsonObject.read(file, CheckpointException::new);
    List<List<Integer>> rows = json.integerLists("rows");
    List<StageResult> results = new ArrayList<>();
    int column = 2;
    for (Map.Entry<String, ResizeRule> rule : rules().entrySet()) {
      double worst = rows.isEmpty() ? Double.NaN : 0;
      String note = "";
      for (List<Integer> row : rows) {
        if (row.size() != 2 + 2 * rules().size()
            || row.stream().anyMatch(n -> n < 1 || n > LARGEST)) {
          throw json.wrong("rows holds " + row + ", expected positive heights and widths");
        }
        PixelSize actual = rule.getValue().compute(row.get(1), row.get(0));
        int error =
            Math.max(
                Math.abs(actual.height() - row.get(column)),
                Math.abs(actual.width() - row.get(column + 1)));
        if (error > worst) {
          worst = error;
          note = "row " + row + " gives " + actual;
        }
      }
      results.add(new StageResult(rule.getKey(), worst, 0, note));
      column += 2;
    }
    return results;
  }
}
