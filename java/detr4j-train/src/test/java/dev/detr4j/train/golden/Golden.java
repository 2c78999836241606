package dev.detr4j.train.golden;

import dev.detr4j.json.JsonObject;
import dev.detr4j.train.TrainingException;
import java.nio.file.Path;

/**
 * Descriptions of {@code weights/golden-training}, the stored results of the original
 * implementations. {@code detr4j-parity} compares what needs a backend or the formula of weights.
 */
public final class Golden {
  private Golden() {}

  /** A file of the set. */
  public static JsonObject json(String name) {
    // Surefire's working folder is the module's.
    return JsonObject.read(
        Path.of("../../weights/golden-training").resolve(name), TrainingException::new);
  }
}
