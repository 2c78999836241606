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
 *     number that the file's own records give, else the 300 of the published models
 * @param heads how many heads attention has, which no tensor tells; or null for the number that the
 *     file's own records give, else the 8 of the published models
 */
public record RecognitionOptions(
    @Nullable ModelSource source,
    @Nullable String variant,
    @Nullable Integer proposals,
    @Nullable Integer heads) {
  /** Everything is inferred. */
  public static final RecognitionOptions NONE = new RecognitionOptions(null, null, null);

  /** Options that leave the number of heads to be inferred. */
  public RecognitionOptions(
      @Nullable ModelSource source, @Nullable String variant, @Nullable Integer proposals) {
    this(source, variant, proposals, null);
  }

  /** Whether they say anything of the architecture, which a config.json would say itself. */
  public boolean sayArchitecture() {
    return variant != null || proposals != null || heads != null;
  }
}
