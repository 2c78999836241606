package dev.detr4j.parity;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.checkpoint.SafetensorsFile;
import dev.detr4j.json.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Output and gradients of a single operation against PyTorch's in float64: a graph of one node,
 * whose gradients by inputs and weights are those of a training graph. The tolerance is ten times
 * the difference that float32 makes there.
 */
final class OperationGradientParity implements TrainingCase {
  /** Single precision against double, where PyTorch's own noise happens to be less. */
  private static final double FLOOR = 1e-6;

  private final String path;
  private final Path file;
  private final JsonObject entry;

  /** A case of {@code ops/index.json}. */
  OperationGradientParity(String path, Path file, JsonObject entry) {
    this.path = path;
    this.file = file;
    this.entry = entry;
  }

  @Override
  public String path() {
    return path;
  }

  @Override
  public @Nullable String refusal(BackendKind kind) {
    return entry.string("case").equals("convolution/groups") && kind != BackendKind.REFERENCE
        ? "no model that is trained has convolutions of several groups, other than depthwise:"
            + " only reference has their gradient"
        : TrainingCase.super.refusal(kind);
  }

  @Override
  public List<StageResult> run(Backend backend) {
    TrainingCase.host(backend);
    try (SafetensorsFile stored = SafetensorsFile.open(file)) {
      Map<String, float[]> found = new OperationCase(entry).run(backend);
      JsonObject noise = entry.object("max_abs_diff_float32");
      JsonObject greatest = entry.object("greatest");
      List<StageResult> results = new ArrayList<>();
      for (String name : new TreeSet<>(noise.names())) {
        Worst worst = new Worst();
        float[] values = found.getOrDefault(name, new float[0]);
        double[] expected = StoredValues.doubles(stored, name);
        if (values.length != expected.length) {
          worst.addWrong("%d elements, expected %d".formatted(values.length, expected.length));
        } else {
          double limit = Math.max(10 * noise.number(name), FLOOR * greatest.number(name));
          for (int i = 0; i < expected.length; i++) {
            worst.add("element", i, values[i], expected[i], limit);
          }
        }
        results.add(worst.result(name));
      }
      found.keySet().removeAll(noise.names());
      if (!found.isEmpty()) {
        throw entry.wrong("there are gradients by " + found.keySet() + " here, none are stored");
      }
      return results;
    }
  }
}
