package dev.detr4j.checkpoint;

import dev.detr4j.CheckpointException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A checkpoint cut into several safetensors files, listed by a {@code
 * model.safetensors.index.json}.
 *
 * <p>Shards lie beside the index: a shard name with a folder in it is refused. Index and shards
 * must agree exactly, in both directions. Thread-safe; closing it closes all shards.
 */
public final class ShardedSafetensors implements Checkpoint {
  private final String container;
  private final Map<String, SafetensorsFile> shards = new LinkedHashMap<>();
  private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();

  private ShardedSafetensors(String container) {
    this.container = container;
  }

  /**
   * Reads the index and maps all shards.
   *
   * @throws CheckpointException when the index or a shard is missing or malformed, or when they
   *     disagree
   */
  public static ShardedSafetensors open(Path index) {
    ShardedSafetensors checkpoint =
        new ShardedSafetensors(OneLine.of(String.valueOf(index.getFileName())));
    boolean opened = false;
    try {
      checkpoint.load(index);
      opened = true;
      return checkpoint;
    } finally {
      if (!opened) {
        checkpoint.close();
      }
    }
  }

  private void load(Path index) {
    JsonObject map =
        JsonObject.read(index, message -> new CheckpointException("checkpoint " + message))
            .object("weight_map");
    for (String name : map.names()) {
      String shard = map.string(name);
      SafetensorsFile file = shards.get(shard);
      if (file == null) {
        file = SafetensorsFile.open(shardPath(index, shard, name));
        shards.put(shard, file);
      }
      StoredTensor tensor =
          file.find(name)
              .orElseThrow(() ->
                  new CheckpointException(
                      "checkpoint %s: tensor %s is not in %s, where the index puts it"
                          .formatted(container, OneLine.of(name), OneLine.of(shard))));
      tensors.put(name, tensor);
    }
    shards.forEach((shard, file) -> {
      for (String name : file.names()) {
        if (!shard.equals(map.string(name, ""))) {
          throw new CheckpointException(
              "checkpoint %s: the index does not list tensor %s of %s"
                  .formatted(container, OneLine.of(name), OneLine.of(shard)));
        }
      }
    });
  }

  private Path shardPath(Path index, String shard, String example) {
    if (!shard.matches("[A-Za-z0-9_][A-Za-z0-9._-]*\\.safetensors")) {
      throw new CheckpointException(
          "checkpoint %s: shard name \"%s\" of tensor %s, expected the plain name of a .safetensors file beside the index"
              .formatted(container, OneLine.of(shard), OneLine.of(example)));
    }
    Path path = index.resolveSibling(shard);
    if (!Files.isRegularFile(path)) {
      throw new CheckpointException(
          "checkpoint %s: shard %s is missing (it holds %s, among others)"
              .formatted(container, OneLine.of(shard), OneLine.of(example)));
    }
    return path;
  }

  @Override
  public String container() {
    return container;
  }

  @Override
  public List<String> names() {
    return List.copyOf(tensors.keySet());
  }

  @Override
  public Optional<StoredTensor> find(String name) {
    return Optional.ofNullable(tensors.get(name));
  }

  @Override
  public void close() {
    shards.values().forEach(SafetensorsFile::close);
  }
}
