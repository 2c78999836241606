package dev.detr4j.checkpoint;

import dev.detr4j.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A checkpoint of names and shapes; its values are zero unless a test says otherwise. */
final class ListedCheckpoint implements Checkpoint {
  /** All tensors of zeros are the beginning of this one: a model as such would take 160 MB. */
  private static final MemorySegment ZEROS = Arena.global().allocate(20L << 20);

  private static final Pattern BRACES = Pattern.compile("\\{([^}]*)}");

  private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();

  /**
   * Reads lines of {@code name [shape] dtype}, where {@code {0-5}} and {@code {weight,bias}} in a
   * name stand for many.
   */
  static ListedCheckpoint read(String resource) throws IOException {
    ListedCheckpoint checkpoint = new ListedCheckpoint();
    for (String line : Resources.text(resource).lines().toList()) {
      String[] parts = line.split(" ", -1);
      String extents = parts[1].substring(1, parts[1].length() - 1);
      int[] shape =
          extents.isEmpty()
              ? new int[0]
              : Arrays.stream(extents.split(",", -1)).mapToInt(Integer::parseInt).toArray();
      expand(parts[0]).forEach(name -> checkpoint.put(name, Shape.of(shape)));
    }
    return checkpoint;
  }

  private static List<String> expand(String name) {
    Matcher braces = BRACES.matcher(name);
    if (!braces.find()) {
      return List.of(name);
    }
    List<String> choices = new ArrayList<>();
    String[] range = braces.group(1).split("-", -1);
    if (range.length == 2) {
      for (int i = Integer.parseInt(range[0]); i <= Integer.parseInt(range[1]); i++) {
        choices.add(Integer.toString(i));
      }
    } else {
      choices.addAll(List.of(braces.group(1).split(",", -1)));
    }
    List<String> names = new ArrayList<>();
    for (String choice : choices) {
      names.addAll(
          expand(name.substring(0, braces.start()) + choice + name.substring(braces.end())));
    }
    return names;
  }

  ListedCheckpoint put(String name, Shape shape) {
    return put(name, shape, 0);
  }

  ListedCheckpoint put(String name, Shape shape, float first) {
    MemorySegment bytes = ZEROS.asSlice(0, 4 * shape.elements());
    if (first != 0) {
      bytes = Arena.ofAuto().allocate(bytes.byteSize());
      bytes.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 0, first);
    }
    tensors.put(name, new MappedTensor(container(), name, StoredType.F32, shape, bytes));
    return this;
  }

  ListedCheckpoint put(String name, Shape shape, StoredType type) {
    MemorySegment bytes = ZEROS.asSlice(0, type.bytes() * shape.elements());
    tensors.put(name, new MappedTensor(container(), name, type, shape, bytes));
    return this;
  }

  ListedCheckpoint remove(String name) {
    if (tensors.remove(name) == null) {
      throw new AssertionError("there is no " + name);
    }
    return this;
  }

  ListedCheckpoint rename(String from, String to) {
    for (String name : names()) {
      StoredTensor tensor = tensor(name);
      String renamed = name.replaceAll(from, to);
      if (!renamed.equals(name)) {
        remove(name).put(renamed, tensor.shape());
      }
    }
    return this;
  }

  @Override
  public String container() {
    return "listed.safetensors";
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
