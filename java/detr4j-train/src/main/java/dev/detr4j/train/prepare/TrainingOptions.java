package dev.detr4j.train.prepare;

import dev.detr4j.train.head.HeadPolicy;
import dev.detr4j.train.recipe.Freezing;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What a user asks for. What is null follows from the recipe, the model or the data.
 *
 * @param data a folder, or a file of annotations
 * @param images the folder of the images; null for the one of the annotations
 * @param validation annotations to validate on; null for those of the folder
 * @param validationShare of the images where there is no validation set; 0 for none
 * @param recipe the name of a project's recipe; null for ours
 * @param augmentation how pictures are changed
 * @param flips whether left and right may be turned round: not for writing
 * @param freezing what does not learn
 * @param heads what becomes of the class heads
 * @param epochs at most
 * @param batch images a step
 * @param rate of tensors that no rule of the recipe names
 * @param seed of everything that happens by chance
 * @param threads that decode images at the same time
 */
public record TrainingOptions(
    Path data,
    @Nullable Path images,
    @Nullable Path validation,
    double validationShare,
    @Nullable String recipe,
    @Nullable Kind augmentation,
    boolean flips,
    @Nullable Freezing freezing,
    HeadPolicy heads,
    @Nullable Integer epochs,
    @Nullable Integer batch,
    @Nullable Double rate,
    long seed,
    int threads) {
  /** How pictures are changed. */
  public enum Kind {
    /** As DETR and Deformable DETR do it. */
    DETR,
    /** Flips and light, at the size of use. */
    LIGHT,
    /** Zooms into the one size that the model sees. */
    FIXED,
    /** Not at all. */
    NONE
  }

  /** Defaults for a folder of data. */
  public static TrainingOptions of(Path data) {
    return new TrainingOptions(
        data, null, null, 0, null, null, true, null, HeadPolicy.BY_NAME, null, null, null, 1, 1);
  }
}
