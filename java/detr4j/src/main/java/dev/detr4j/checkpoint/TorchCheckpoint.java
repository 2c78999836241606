package dev.detr4j.checkpoint;

import dev.detr4j.checkpoint.pickle.InertObject;
import dev.detr4j.checkpoint.pickle.PickleDict;
import dev.detr4j.checkpoint.pickle.PickleException;
import dev.detr4j.checkpoint.pickle.PickleRecord;
import dev.detr4j.checkpoint.pickle.PlainValues;
import dev.detr4j.checkpoint.pickle.Unpickler;
import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.Detr4jException;
import dev.detr4j.error.OneLine;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A file written by {@code torch.save}, usually called {@code .pth}, {@code .pt} or {@code .bin}:
 * the zip layout of torch 1.6 and later, or the legacy one before it.
 *
 * <p>Opening unpickles the object without executing anything: what is not a tensor or plain data
 * becomes an {@link InertObject}. The state dict is the top level itself, or the dict with tensors
 * under {@code model}, {@code state_dict} or {@code state}, but {@code ema} where that has a {@code
 * module} with tensors; all else is {@link #metadata}. A dict inside the state dict contributes its
 * tensors as {@code outer.inner}.
 *
 * <p>The file is memory-mapped. A tensor that lies contiguous and little-endian in a stored entry,
 * as nearly all do, is read in place; a strided, big-endian or deflated one is gathered when it is
 * read. Thread-safe. Whoever opens the file closes it; it must not be shortened while mapped.
 */
public final class TorchCheckpoint implements Checkpoint {
  /** The most tensors that a checkpoint of any kind is read with. */
  static final int MOST_TENSORS = 50_000;

  private static final List<String> STATE_DICTS = List.of("model", "state_dict", "state");
  private static final int DEEPEST = 4;
  private static final int LONGEST_NAME = 256;
  private static final int MOST_VISITED = 1_000_000;

  /**
   * The most bytes of a tensor that repeats elements of its storage, by strides that overlap. What
   * models hold of this kind is small; a broken file could describe terabytes.
   */
  private static final long MOST_REPEATED = 64L << 20;

  /**
   * How a file is read.
   *
   * @param stateDict the key at the top level that holds the state dict; empty for the top level
   *     itself; null to look for it
   * @param stripPrefix a prefix to be taken off the names, as {@code module.} of data-parallel
   *     training, when all names have it; empty for none
   */
  public record Options(@Nullable String stateDict, String stripPrefix) {
    /** Looks for the state dict and leaves names as they are. */
    public static final Options DEFAULT = new Options(null, "");
  }

  private final MappedFile file;
  private final TorchContainer torch;
  private final String stateDict;
  private final Map<@Nullable Object, @Nullable Object> metadata;
  private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();
  private int visited;

  private TorchCheckpoint(MappedFile file, Options options) {
    this.file = file;
    if (file.bytes().byteSize() == 0) {
      throw file.wrong("the file is empty");
    }
    this.torch = TorchZip.recognises(file.bytes()) ? new TorchZip(file) : new TorchLegacy(file);
    Map<Object, Object> top =
        entries(torch.root())
            .orElseThrow(() ->
                file.wrong(
                    "the top level is %s, expected a dict"
                        .formatted(Unpickler.kind(torch.root()))));
    this.stateDict = options.stateDict() != null ? options.stateDict() : findStateDict(top);
    Map<Object, Object> state =
        stateDict.isEmpty()
            ? top
            : Optional.ofNullable(top.get(stateDict))
                .flatMap(TorchCheckpoint::entries)
                .orElseThrow(() -> file.wrong("there is no dict under " + OneLine.of(stateDict)));
    Map<Object, Object> rest = new LinkedHashMap<>();
    addTensors("", state, rest, stateDict.isEmpty() ? 0 : DEEPEST);
    if (tensors.isEmpty()) {
      throw file.wrong(
          "there is no tensor "
              + (stateDict.isEmpty() ? "at the top level" : "under " + OneLine.of(stateDict)));
    }
    strip(options.stripPrefix());
    this.metadata = metadata(top, rest);
  }

  /** Opens a file with {@link Options#DEFAULT}. */
  public static TorchCheckpoint open(Path path) {
    return open(path, Options.DEFAULT);
  }

  /**
   * Maps the file and checks everything but the values.
   *
   * @throws CheckpointException when the file cannot be read, is malformed or uses more memory than
   *     a checkpoint can need, or when it has no state dict or several
   */
  public static TorchCheckpoint open(Path path, Options options) {
    return open(ModelFile.of(path), options);
  }

  /** Opens a file that lies anywhere. */
  static TorchCheckpoint open(ModelFile file) {
    return open(file, Options.DEFAULT);
  }

  private static TorchCheckpoint open(ModelFile file, Options options) {
    return read(file.map("a file of torch.save"), options);
  }

  /** Reads what is mapped already, and closes it if that fails. */
  static TorchCheckpoint read(MappedFile file, Options options) {
    boolean opened = false;
    try {
      TorchCheckpoint checkpoint = new TorchCheckpoint(file, options);
      opened = true;
      return checkpoint;
    } catch (Detr4jException e) {
      throw e;
    } catch (RuntimeException e) {
      throw file.wrong("cannot be read as a file of torch.save: " + e, e);
    } finally {
      if (!opened) {
        file.close();
      }
    }
  }

  /** The key under which the state dict was found; empty when it is the top level itself. */
  public String stateDict() {
    return stateDict;
  }

  /**
   * Everything of the file that is not in the state dict, by its keys at the top level, in order:
   * null, Boolean, Long, BigInteger, Double, String, byte[], unmodifiable List (of lists, tuples
   * and sets) and Map, and {@link InertObject} for all else, tensors included. If the state dict
   * holds other things than tensors, they are in a map under its own key.
   */
  public Map<@Nullable Object, @Nullable Object> metadata() {
    return metadata;
  }

  @Override
  public Map<?, ?> plainValues() {
    return (Map<?, ?>) Objects.requireNonNull(InertObject.contents(metadata));
  }

  private String findStateDict(Map<Object, Object> top) {
    // RT-DETR and D-FINE: the average of training, which is what they publish, beside the last
    // step.
    Object average = entries(top.getOrDefault("ema", "")).orElse(Map.of()).get("module");
    if (average != null && holdsTensors(average, 0)) {
      return "ema";
    }
    List<String> found = new ArrayList<>();
    for (String key : STATE_DICTS) {
      Object value = top.get(key);
      if (value != null && holdsTensors(value, 1)) {
        found.add(key);
      }
    }
    if (found.size() > 1) {
      throw file.wrong(
          "there are tensors under each of %s, expected one of them"
              .formatted(String.join(", ", found)));
    }
    return found.isEmpty() ? "" : found.getFirst();
  }

  private boolean holdsTensors(Object value, int deeper) {
    for (Object item : entries(value).orElse(Map.of()).values()) {
      visit();
      if (item instanceof TorchObjects.Tensor || (deeper > 0 && holdsTensors(item, deeper - 1))) {
        return true;
      }
    }
    return false;
  }

  /** Bounds the walk: dicts may be shared, so that few of them make a tree without end. */
  private void visit() {
    if (++visited > MOST_VISITED) {
      throw file.wrong("the state dict has more than " + MOST_VISITED + " entries");
    }
  }

  /** The entries of a dict, also of one of an unknown class that was filled like a dict. */
  private static Optional<Map<Object, Object>> entries(Object value) {
    return switch (value) {
      case PickleDict dict -> Optional.of(dict.entries());
      case PickleRecord record when !record.entries().isEmpty() -> Optional.of(record.entries());
      default -> Optional.empty();
    };
  }

  /**
   * Adds the tensors of a dict, and of dicts in it down to some depth.
   *
   * @param rest takes what neither is a tensor nor holds one
   * @return whether there was a tensor
   */
  private boolean addTensors(
      String prefix, Map<Object, Object> state, Map<Object, Object> rest, int deeper) {
    boolean added = false;
    for (Map.Entry<Object, Object> entry : state.entrySet()) {
      visit();
      Object value = entry.getValue();
      Optional<Map<Object, Object>> inner =
          deeper > 0 && entry.getKey() instanceof String ? entries(value) : Optional.empty();
      if (value instanceof TorchObjects.Tensor tensor) {
        add(prefix + name(entry.getKey()), tensor);
        added = true;
      } else if (inner.isPresent()
          && addTensors(
              prefix + name(entry.getKey()) + ".",
              inner.get(),
              new LinkedHashMap<>(),
              deeper - 1)) {
        added = true;
      } else {
        rest.put(entry.getKey(), value);
      }
    }
    return added;
  }

  private String name(Object key) {
    if (!(key instanceof String name) || name.length() > LONGEST_NAME) {
      throw file.wrong(
          "the key of a tensor is %s, expected a string of at most %d characters"
              .formatted(Unpickler.kind(key), LONGEST_NAME));
    }
    return name;
  }

  private void add(String name, TorchObjects.Tensor tensor) {
    if (tensors.size() == MOST_TENSORS) {
      throw file.wrong("there are more than " + MOST_TENSORS + " tensors");
    }
    if (tensors.put(name, stored(name, tensor)) != null) {
      throw file.wrong("there are two tensors " + OneLine.of(name));
    }
  }

  private StoredTensor stored(String name, TorchObjects.Tensor tensor) {
    TorchObjects.Storage from = tensor.storage();
    TorchStorage storage = torch.storage(from);
    return new TorchLayout(file, name, tensor).view(storage, MOST_REPEATED);
  }

  private void strip(String prefix) {
    if (!prefix.isEmpty() && tensors.keySet().stream().allMatch(name -> name.startsWith(prefix))) {
      Map<String, StoredTensor> stripped = new LinkedHashMap<>();
      tensors.forEach((name, tensor) -> stripped.put(name.substring(prefix.length()), tensor));
      tensors.clear();
      tensors.putAll(stripped);
    }
  }

  private Map<@Nullable Object, @Nullable Object> metadata(
      Map<Object, Object> top, Map<Object, Object> rest) {
    PickleDict kept = new PickleDict();
    if (stateDict.isEmpty()) {
      kept.entries().putAll(rest);
    } else {
      kept.entries().putAll(top);
      kept.entries().remove(stateDict);
      if (!rest.isEmpty()) {
        PickleDict others = new PickleDict();
        others.entries().putAll(rest);
        kept.entries().put(stateDict, others);
      }
    }
    try {
      return PlainValues.of(kept, torch.objects());
    } catch (PickleException e) {
      throw file.wrong(String.valueOf(e.getMessage()), e);
    }
  }

  @Override
  public String container() {
    return file.container();
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
    file.unload();
  }

  @Override
  public void close() {
    file.close();
  }
}
