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
 * @param preprocessor the fields of its {@code preprocessor_config.json} that differ from the
 *     standard of DETR
 */
public record TransformersForm(
    ModelConfig config,
    Map<String, @Nullable Object> configJson,
    String imageProcessor,
    TensorNames names,
    Map<String, Shape> zeros,
    Map<String, @Nullable Object> preprocessor) {
  /** Copies the maps, keeping their order. */
  public TransformersForm {
    preprocessor = Collections.unmodifiableMap(new LinkedHashMap<>(preprocessor));
    configJson = Collections.unmodifiableMap(new LinkedHashMap<>(configJson));
    zeros = Collections.unmodifiableMap(new LinkedHashMap<>(zeros));
  }

  /** A model whose images are prepared as DETR's are. */
  public TransformersForm(
      ModelConfig config,
      Map<String, @Nullable Object> configJson,
      String imageProcessor,
      TensorNames names,
      Map<String, Shape> zeros) {
    this(config, configJson, imageProcessor, names, zeros, Map.of());
  }

  /** The same with these fields in its {@code preprocessor_config.json}. */
  public TransformersForm withPreprocessor(Map<String, @Nullable Object> fields) {
    return new TransformersForm(config, configJson, imageProcessor, names, zeros, fields);
  }
}
