package dev.detr4j.cli.registry;

import dev.detr4j.model.description.ModelSource;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A published checkpoint.
 *
 * @param name what users call it, {@code owner/model}: for Hugging Face models their id on the hub,
 *     with {@code @revision} where that is not main
 * @param source the project whose numerics and names it has
 * @param variant as in {@link dev.detr4j.model.family.RecognisedModel#variant}
 * @param licence as published
 * @param ap box AP on COCO 2017 val as published, in percent; null when there is none
 * @param megabytes about how large the weights are, in 10^6 bytes; null when that is not known
 * @param hub the repository on the Hugging Face hub, or null
 * @param revision the branch, tag or commit of that repository
 * @param page where a person can get the file when the address refuses a program, or null
 * @param files what to fetch, at least one
 */
public record ModelEntry(
    String name,
    ModelSource source,
    String variant,
    String licence,
    @Nullable Double ap,
    @Nullable Integer megabytes,
    @Nullable String hub,
    String revision,
    @Nullable String page,
    List<ModelFile> files) {
  /** The revision that a hub repository has unless another is named. */
  public static final String MAIN = "main";

  public ModelEntry {
    files = List.copyOf(files);
  }

  /** Whether the model is a folder with a config.json; the others are one file. */
  public boolean isFolder() {
    return source == ModelSource.HUGGING_FACE;
  }
}
