package dev.detr4j.parity;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A folder of stored outputs of original implementations: {@code index.json}, which may be absent,
 * and {@code models/<case>/}.
 *
 * <p>Opening reads the index only. Immutable and thread-safe.
 */
public final class GoldenSet {
  private final Path folder;
  private final @Nullable JsonObject index;

  private GoldenSet(Path folder) {
    this.folder = folder;
    Path file = folder.resolve("index.json");
    this.index = Files.exists(file) ? JsonObject.read(file, CheckpointException::new) : null;
    if (index == null && !Files.isDirectory(folder.resolve("models"))) {
      throw new CheckpointException(
          "golden set " + folder + ": there is neither index.json nor a folder models");
    }
  }

  /**
   * Opens a set.
   *
   * @throws CheckpointException when the folder is not a golden set, or its index is malformed
   */
  public static GoldenSet open(Path folder) {
    if (!Files.isDirectory(folder)) {
      throw new CheckpointException("golden set " + folder + ": there is no such folder");
    }
    return new GoldenSet(folder);
  }

  /** The folder of the set. */
  public Path folder() {
    return folder;
  }

  /** The index, for its other sections. */
  public Optional<JsonObject> index() {
    return Optional.ofNullable(index);
  }

  /**
   * The paths of the model cases that begin with a prefix, sorted; for instance all of {@code
   * models/hf_}. Folders that the index does not list are cases too.
   */
  public List<String> modelPaths(String prefix) {
    Path models = folder.resolve("models");
    if (!Files.isDirectory(models)) {
      return List.of();
    }
    try (Stream<Path> folders = Files.list(models)) {
      return folders
          .filter(path -> Files.isRegularFile(path.resolve("manifest.json")))
          .map(path -> "models/" + path.getFileName())
          .filter(path -> path.startsWith(prefix))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new CheckpointException(
          "golden set " + folder + ": cannot be listed: " + e.getMessage(), e);
    }
  }

  /** Reads the case at one of {@link #modelPaths}. */
  public GoldenCase model(String path) {
    return GoldenCase.read(path, folder.resolve(path), tolerance(path));
  }

  /** Reads all cases that begin with a prefix, sorted by path. Each holds a megabyte or so. */
  public List<GoldenCase> models(String prefix) {
    List<GoldenCase> cases = new ArrayList<>();
    modelPaths(prefix).forEach(path -> cases.add(model(path)));
    return List.copyOf(cases);
  }

  private @Nullable JsonObject tolerance(String path) {
    if (index == null || !index.isList("models")) {
      return null;
    }
    for (JsonObject entry : index.objects("models")) {
      if (entry.string("path", "").equals(path) && entry.isObject("tolerance")) {
        return entry.object("tolerance");
      }
    }
    return null;
  }
}
