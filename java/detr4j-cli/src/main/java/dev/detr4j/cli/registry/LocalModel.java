package dev.detr4j.cli.registry;

import dev.detr4j.Detector;
import dev.detr4j.DetectorBuilder;
import dev.detr4j.model.description.ModelSource;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A model on this machine.
 *
 * @param path what {@link Detector#builder} takes
 * @param source what the registry knows of a file without a configuration, else null
 * @param variant likewise; it tells what no tensor tells
 */
public record LocalModel(Path path, @Nullable ModelSource source, @Nullable String variant) {
  /** A model of which nothing is known but where it lies. */
  public static LocalModel of(Path path) {
    return new LocalModel(path, null, null);
  }

  /** A detector of this model, begun. */
  public DetectorBuilder builder() {
    DetectorBuilder builder = Detector.builder(path);
    if (source != null) {
      builder.source(source);
    }
    if (variant != null) {
      builder.variant(variant);
    }
    return builder;
  }
}
