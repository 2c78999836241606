package dev.detr4j.parity;

import dev.detr4j.checkpoint.StoredType;
import dev.detr4j.image.ImageView;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/** The smallest golden model as a checkpoint folder on disk, and pictures for it. */
final class SmallModel {
  private SmallModel() {}

  /** Writes the checkpoint folder below {@code parent} and returns it. */
  static Path writeBelow(Path parent) {
    try {
      Path source =
          Path.of(
              Objects.requireNonNull(
                      SmallModel.class.getResource(
                          "golden/models/hf_deformable_small_native_resnet/manifest.json"))
                  .toURI());
      Path folder = Files.createDirectory(parent.resolve("small-model"));
      FormulaCheckpointWriter.write(
          FormulaCheckpoint.read(source), folder.resolve("model.safetensors"), StoredType.F32);
      Files.copy(source.resolveSibling("config.json"), folder.resolve("config.json"));
      // A small size rule keeps each call in the milliseconds.
      Files.writeString(
          folder.resolve("preprocessor_config.json"),
          "{\"size\": {\"shortest_edge\": 64, \"longest_edge\": 160}}");
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A picture that differs from seed to seed. */
  static ImageView picture(int width, int height, long seed) {
    byte[] pixels = new byte[3 * width * height];
    new java.util.Random(seed).nextBytes(pixels);
    return ImageView.rgb(pixels, width, height);
  }
}
