package dev.detr4j.model.family;

import dev.detr4j.model.names.TensorNames;
import dev.detr4j.tensor.Shape;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A model as transformers has it.
 *
 * @param config the configuration that the folder will describe
 * @param configJson the fields of its {@code config.json} in order: strings, numbers, booleans,
 *     lists and maps of these
 * @param imageProcessor the class of transformers that prepares its images
 * @param names of its tensors
 * @param zeros canonical names and shapes of tensors that transformers has and the checkpoint's
 *     project has not; they are zero
 */
public record TransformersForm(
    ModelConfig config,
    Map<String, @Nullable Object> configJson,
    String imageProcessor,
    TensorNames names,
    Map<String, Shape> zeros) {
  /** Copies the maps, keeping their order. */
  public TransformersForm {
    configJson = Collections.unmodifiableMap(new LinkedHashMap<>(configJson));
    zeros = Collections.unmodifiableMap(new LinkedHashMap<>(zeros));
  }
}
