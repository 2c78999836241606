package dev.detr4j.parity;

import dev.detr4j.checkpoint.Checkpoint;
import dev.detr4j.checkpoint.StoredTensor;
import dev.detr4j.checkpoint.StoredType;
import dev.detr4j.error.CheckpointException;
import dev.detr4j.json.JsonObject;
import dev.detr4j.tensor.Shape;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The checkpoint that a golden case's {@code manifest.json} lists: names, shapes and types are
 * stored, values come from {@link SeededTensor}.
 *
 * <p>Values are generated when a tensor is read, so that the checkpoint is cheap to hold; reads of
 * different tensors may run at the same time. Deterministic and thread-safe. Closing it has no
 * effect.
 */
public final class FormulaCheckpoint implements Checkpoint {
  private final String container;
  private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();

  private FormulaCheckpoint(String container) {
    this.container = container;
  }

  /**
   * Reads the list of a manifest.
   *
   * @throws CheckpointException when it is missing or malformed
   */
  public static FormulaCheckpoint read(Path manifest) {
    return of(JsonObject.read(manifest, CheckpointException::new));
  }

  /**
   * The checkpoint that a manifest describes; an alias has the values of the tensor that it names.
   */
  static FormulaCheckpoint of(JsonObject manifest) {
    FormulaCheckpoint checkpoint = new FormulaCheckpoint(manifest.string("case", manifest.where()));
    long seed = manifest.longInteger("seed");
    Map<String, JsonObject> entries = new HashMap<>();
    for (JsonObject entry : manifest.objects("tensors")) {
      if (entries.put(entry.string("key"), entry) != null) {
        throw entry.wrong("there are two tensors " + entry.string("key"));
      }
    }
    for (JsonObject entry : manifest.objects("tensors")) {
      FormulaTensor tensor = checkpoint.tensor(entry, entries, seed);
      checkpoint.tensors.put(tensor.name(), tensor);
    }
    return checkpoint;
  }

  private FormulaTensor tensor(JsonObject entry, Map<String, JsonObject> entries, long seed) {
    String key = entry.string("key");
    String formulaKey = entry.string("alias_of", key);
    JsonObject target = entries.get(formulaKey);
    if (target == null || target.has("alias_of")) {
      throw entry.wrong(
          "%s is an alias of %s, expected a tensor with a formula of its own"
              .formatted(key, formulaKey));
    }
    Shape shape = shape(entry);
    StoredType type = type(entry);
    if (!shape.equals(shape(target)) || type != type(target)) {
      throw entry.wrong(
          "%s and its alias %s have different shapes or types".formatted(formulaKey, key));
    }
    double base = target.number("base");
    return new FormulaTensor(
        container,
        key,
        type,
        shape,
        new SeededTensor(formulaKey, seed, base, target.number("scale")));
  }

  private static Shape shape(JsonObject entry) {
    return Shape.of(
        entry.integers("shape", 0, Integer.MAX_VALUE).stream()
            .mapToInt(Integer::intValue)
            .toArray());
  }

  private static StoredType type(JsonObject entry) {
    return switch (entry.string("dtype", "F32")) {
      case "F32" -> StoredType.F32;
      case "I64" -> StoredType.I64;
      default -> throw entry.wrong("dtype is " + entry.string("dtype") + ", expected F32 or I64");
    };
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
  public void close() {}
}
