package dev.detr4j.checkpoint;

import dev.detr4j.checkpoint.pickle.InertObject;
import dev.detr4j.checkpoint.pickle.PickleException;
import dev.detr4j.checkpoint.pickle.PickleGlobal;
import dev.detr4j.checkpoint.pickle.PickleHost;
import dev.detr4j.checkpoint.pickle.PickleNone;
import dev.detr4j.checkpoint.pickle.PickleTuple;
import dev.detr4j.checkpoint.pickle.Unpickler;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What torch adds to a pickle: tensors, which are made by a few functions of {@code torch._utils},
 * and storages, which are persistent ids {@code ("storage", type, key, location, count)}; the
 * legacy format has a sixth element, a view {@code (key, offset, count)} or None.
 *
 * <p>Only describes them: whether a tensor lies inside its storage and the storage inside the file
 * is checked when the tensor is wanted.
 */
final class TorchObjects implements PickleHost {
  private static final int MOST_DIMENSIONS = 16;

  /** A storage by its key; {@code count} and the view from {@code first} on are in elements. */
  record Storage(StoredType type, String key, long count, long first, long viewCount) {}

  /** A tensor as the file describes it, unchecked; strides and offset are in elements. */
  record Tensor(
      Storage storage, StoredType type, long offset, List<Long> sizes, List<Long> strides) {}

  private final Map<String, Storage> storages = new LinkedHashMap<>();

  /** The storages that were mentioned, by key. */
  Map<String, Storage> storages() {
    return storages;
  }

  @Override
  public @Nullable Object call(PickleGlobal function, List<Object> arguments)
      throws PickleException {
    return switch (function.fullName()) {
      case "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor" ->
          tensor(arguments, null);
      case "torch._utils._rebuild_tensor_v3" ->
          tensor(arguments, argument(arguments, 6, PickleGlobal.class, "a dtype"));
      case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state" ->
          argument(arguments, 0, Object.class, "a tensor");
      case "torch._tensor._rebuild_from_type_v2" -> ofType(arguments);
      case "torch.Size" -> argument(arguments, 0, PickleTuple.class, "a tuple");
      default -> null;
    };
  }

  private @Nullable Object ofType(List<Object> arguments) throws PickleException {
    PickleGlobal function = argument(arguments, 0, PickleGlobal.class, "a function");
    // One level only, so that nesting costs no stack.
    return function.name().equals("_rebuild_from_type_v2")
        ? null
        : call(function, argument(arguments, 2, PickleTuple.class, "a tuple").items());
  }

  private Tensor tensor(List<Object> arguments, @Nullable PickleGlobal dtype)
      throws PickleException {
    Storage storage = argument(arguments, 0, Storage.class, "a storage");
    long offset = argument(arguments, 1, Long.class, "an offset");
    List<Long> sizes = integers(argument(arguments, 2, PickleTuple.class, "a tuple of sizes"));
    List<Long> strides = integers(argument(arguments, 3, PickleTuple.class, "a tuple of strides"));
    if (sizes.size() != strides.size() || sizes.size() > MOST_DIMENSIONS) {
      throw new PickleException(
          "a tensor has %d sizes and %d strides, expected as many and at most %d"
              .formatted(sizes.size(), strides.size(), MOST_DIMENSIONS));
    }
    StoredType type = dtype == null ? storage.type : dtype(dtype);
    return new Tensor(storage, type, offset, sizes, strides);
  }

  private static List<Long> integers(PickleTuple tuple) throws PickleException {
    List<Long> integers = new ArrayList<>();
    for (Object item : tuple.items()) {
      if (!(item instanceof Long integer)) {
        throw new PickleException(
            "a size or stride is " + Unpickler.kind(item) + ", expected an integer");
      }
      integers.add(integer);
    }
    return integers;
  }

  private static <T> T argument(List<Object> arguments, int index, Class<T> type, String expected)
      throws PickleException {
    Object value = index < arguments.size() ? arguments.get(index) : PickleNone.NONE;
    if (!type.isInstance(value)) {
      throw new PickleException(
          "argument %d of a torch function is %s, expected %s"
              .formatted(index, Unpickler.kind(value), expected));
    }
    return type.cast(value);
  }

  @Override
  public Object persistent(Object id) throws PickleException {
    if (!(id instanceof PickleTuple tuple) || tuple.items().isEmpty()) {
      throw new PickleException(
          "a persistent id is " + Unpickler.kind(id) + ", expected a tuple for a storage");
    }
    List<Object> items = tuple.items();
    if (items.getFirst().equals("module") && items.size() > 1) {
      // A class with its source text, of files that hold a whole model; the class is a name.
      return items.get(1);
    }
    if (items.size() < 5
        || items.size() > 6
        || !items.getFirst().equals("storage")
        || !(items.get(1) instanceof PickleGlobal type)
        || !(items.get(2) instanceof String key)
        || !(items.get(4) instanceof Long count)) {
      throw new PickleException(
          "a persistent id is not of the form (\"storage\", type, key, location, count)");
    }
    Storage root = new Storage(storageType(type), key, count, 0, count);
    Storage known = storages.putIfAbsent(key, root);
    if (known != null && !known.equals(root)) {
      throw new PickleException(
          "storage %s is %d x %s here and %d x %s before"
              .formatted(key, count, root.type, known.count, known.type));
    }
    if (items.size() == 6 && items.get(5) instanceof PickleTuple view) {
      if (view.items().size() != 3
          || !(view.items().get(1) instanceof Long first)
          || !(view.items().get(2) instanceof Long viewCount)) {
        throw new PickleException("the view of a storage is not of the form (key, offset, count)");
      }
      return new Storage(root.type, key, count, first, viewCount);
    }
    return root;
  }

  private static StoredType storageType(PickleGlobal type) throws PickleException {
    return switch (type.name()) {
      case "FloatStorage" -> StoredType.F32;
      case "HalfStorage" -> StoredType.F16;
      case "BFloat16Storage" -> StoredType.BF16;
      case "DoubleStorage" -> StoredType.F64;
      case "LongStorage" -> StoredType.I64;
      case "IntStorage" -> StoredType.I32;
      case "ShortStorage" -> StoredType.I16;
      case "CharStorage" -> StoredType.I8;
      case "ByteStorage", "UntypedStorage" -> StoredType.U8;
      case "BoolStorage" -> StoredType.BOOL;
      default -> throw new PickleException("storage type " + type.fullName() + " is not supported");
    };
  }

  private static StoredType dtype(PickleGlobal dtype) throws PickleException {
    return switch (dtype.fullName()) {
      case "torch.float32" -> StoredType.F32;
      case "torch.float16" -> StoredType.F16;
      case "torch.bfloat16" -> StoredType.BF16;
      case "torch.float64" -> StoredType.F64;
      case "torch.float8_e4m3fn" -> StoredType.F8_E4M3;
      case "torch.float8_e5m2" -> StoredType.F8_E5M2;
      case "torch.int64" -> StoredType.I64;
      case "torch.int32" -> StoredType.I32;
      case "torch.int16" -> StoredType.I16;
      case "torch.int8" -> StoredType.I8;
      case "torch.uint64" -> StoredType.U64;
      case "torch.uint32" -> StoredType.U32;
      case "torch.uint16" -> StoredType.U16;
      case "torch.uint8" -> StoredType.U8;
      case "torch.bool" -> StoredType.BOOL;
      default ->
          throw new PickleException("element type " + dtype.fullName() + " is not supported");
    };
  }

  /** A tensor of the metadata: its type and sizes stay, its values do not. */
  @Override
  public Object describe(Object hostObject) {
    return switch (hostObject) {
      case Tensor tensor ->
          new InertObject("torch.Tensor", List.of(tensor.type.name(), List.copyOf(tensor.sizes)));
      case Storage storage ->
          new InertObject("torch.Storage", List.of(storage.type.name(), storage.count));
      default -> throw new IllegalArgumentException(hostObject.getClass().getName());
    };
  }
}
