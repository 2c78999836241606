package dev.detr4j.model.family;

import dev.detr4j.model.description.ModelSource;
import org.jspecify.annotations.Nullable;

/**
 * What the caller says about a checkpoint that does not describe itself.
 *
 * @param source the project it is from, or null to infer it
 * @param variant its variant as {@link ModelConfig#variant} names it, or null for the inferred one;
 *     says what no tensor tells, as in {@code single-scale-dc5}
 * @param proposals how many queries a two-stage model keeps, which no tensor tells; or null for the
 *     300 of the published models
 */
public record RecognitionOptions(
    @Nullable ModelSource source, @Nullable String variant, @Nullable Integer proposals) {
  /** Everything is inferred. */
  public static final RecognitionOptions NONE = new RecognitionOptions(null, null, null);
}
