package dev.detr4j.checkpoint;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.OneLine;
import dev.detr4j.json.JsonObject;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A checkpoint cut into several files, listed by a {@code model.safetensors.index.json} or a {@code
 * pytorch_model.bin.index.json}.
 *
 * <p>Shards lie beside the index: a shard name with a folder in it is refused. Index and shards
 * must agree exactly, in both directions. Thread-safe; closing it closes all shards.
 */
public final class ShardedCheckpoint implements Checkpoint {
  private static final String TORCH_INDEX = ".bin.index.json";

  private final String container;
  private final boolean torch;
  private final Map<String, Checkpoint> shards = new LinkedHashMap<>();
  private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();

  private ShardedCheckpoint(String container) {
    this.container = container;
    this.torch = container.endsWith(TORCH_INDEX);
  }

  /**
   * Reads the index and maps all shards, which are torch files if the name of the index ends in
   * {@code .bin.index.json} and safetensors files otherwise.
   *
   * @throws CheckpointException when the index or a shard is missing or malformed, or when they
   *     disagree
   */
  public static ShardedCheckpoint open(Path index) {
    return open(ModelFile.of(index));
  }

  /** As above, of files anywhere. */
  static ShardedCheckpoint open(ModelFile index) {
    ShardedCheckpoint checkpoint = new ShardedCheckpoint(OneLine.of(index.name()));
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

  private void load(ModelFile index) {
    JsonObject map =
        index
            .json(message -> new CheckpointException("checkpoint " + message))
            .object("weight_map");
    if (map.names().size() > TorchCheckpoint.MOST_TENSORS) {
      throw new CheckpointException(
          "checkpoint %s: the index lists %d tensors, expected at most %d"
              .formatted(container, map.names().size(), TorchCheckpoint.MOST_TENSORS));
    }
    for (String name : map.names()) {
      String shard = map.string(name);
      Checkpoint file = shards.get(shard);
      if (file == null) {
        ModelFile path = shardFile(index, shard, name);
        file = torch ? TorchCheckpoint.open(path) : SafetensorsFile.open(path);
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

  private ModelFile shardFile(ModelFile index, String shard, String example) {
    String ending = torch ? ".bin" : ".safetensors";
    if (!shard.matches("[A-Za-z0-9_][A-Za-z0-9._-]*") || !shard.endsWith(ending)) {
      throw new CheckpointException(
          "checkpoint %s: shard name \"%s\" of tensor %s, expected the plain name of a %s file beside the index"
              .formatted(container, OneLine.of(shard), OneLine.of(example), ending));
    }
    ModelFile file = index.sibling(shard);
    if (!file.exists()) {
      throw new CheckpointException(
          "checkpoint %s: shard %s is missing (it holds %s, among others)"
              .formatted(container, OneLine.of(shard), OneLine.of(example)));
    }
    return file;
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
  public void unload() {
    shards.values().forEach(Checkpoint::unload);
  }

  @Override
  public void close() {
    shards.values().forEach(Checkpoint::close);
  }
}
