package dev.detr4j.bench.model;

import dev.detr4j.Detector;
import dev.detr4j.DetectorBuilder;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.checkpoint.StoredType;
import dev.detr4j.image.ImageView;
import dev.detr4j.parity.FormulaCheckpoint;
import dev.detr4j.parity.FormulaCheckpointWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * The model of a benchmark: a path of the user's, or the smallest golden model, which is written to
 * a folder that is removed with this.
 */
public final class BenchmarkModel implements AutoCloseable {
  /** The name of the golden model among the parameters. */
  public static final String SMALL = "small";

  private final Path path;
  private final @Nullable Path temporary;

  private BenchmarkModel(Path path, @Nullable Path temporary) {
    this.path = path;
    this.temporary = temporary;
  }

  /**
   * A model by its parameter.
   *
   * @param model {@value #SMALL}, or what {@link Detector#builder} takes
   */
  public static BenchmarkModel of(String model) {
    return model.equals(SMALL) ? small() : new BenchmarkModel(Path.of(model), null);
  }

  /**
   * Deformable DETR, two-stage, with a narrow ResNet and weights by formula: 1.4 million of them.
   * It takes images at 256x320, so that an image of 5:4 is not padded or cut.
   */
  private static BenchmarkModel small() {
    try {
      Path folder = Files.createTempDirectory("detr4j-bench-model");
      BenchmarkModel model = new BenchmarkModel(folder, folder);
      try {
        Path manifest = copy("manifest.json", folder);
        FormulaCheckpointWriter.write(
            FormulaCheckpoint.read(manifest), folder.resolve("model.safetensors"), StoredType.F32);
        copy("config.json", folder);
        Files.writeString(
            folder.resolve("preprocessor_config.json"),
            "{\"size\": {\"shortest_edge\": 256, \"longest_edge\": 320}}");
        return model;
      } catch (IOException | RuntimeException e) {
        model.close();
        throw e;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path copy(String resource, Path folder) throws IOException {
    try (InputStream stream = BenchmarkModel.class.getResourceAsStream("small/" + resource)) {
      if (stream == null) {
        throw new IllegalStateException("resource small/" + resource + " is missing from the jar");
      }
      Path target = folder.resolve(resource);
      Files.copy(stream, target);
      return target;
    }
  }

  /** Where it is. */
  public Path path() {
    return path;
  }

  /** A detector of it with these choices. */
  public DetectorBuilder builder(String backend, int threads) {
    return Detector.builder(path).backend(BackendKind.of(backend)).threads(threads);
  }

  /**
   * A picture of noise, the same each time.
   *
   * @param size width and height, as in 640x512
   */
  public static ImageView picture(String size) {
    int by = size.indexOf('x');
    int width = Integer.parseInt(size.substring(0, by));
    int height = Integer.parseInt(size.substring(by + 1));
    byte[] pixels = new byte[3 * width * height];
    new Random(7).nextBytes(pixels);
    return ImageView.rgb(pixels, width, height);
  }

  @Override
  public void close() {
    if (temporary == null) {
      return;
    }
    try (var files = Files.list(temporary)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
      Files.delete(temporary);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
