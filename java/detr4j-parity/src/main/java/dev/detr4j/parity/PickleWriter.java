package dev.detr4j.parity;

import dev.detr4j.checkpoint.StoredTensor;
import dev.detr4j.checkpoint.StoredType;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes values as Python's pickle of protocol 2 does, and tensors as {@code torch.save} does: by a
 * storage that stands elsewhere. Equal formulas, as tied weights have, share a storage. One pickle
 * each.
 */
final class PickleWriter {
  /** A storage: its key, and one of the tensors that are all of it. */
  record Storage(String key, StoredTensor tensor) {}

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final Map<Object, Storage> storages = new LinkedHashMap<>();
  private final boolean legacy;

  /**
   * Begins a pickle.
   *
   * @param legacy whether storages have the sixth element of the legacy layout
   */
  PickleWriter(boolean legacy) {
    this.legacy = legacy;
    raw("\u0080\2");
  }

  /** Writes the one value and ends the pickle. */
  byte[] pickle(@Nullable Object value) {
    value(value);
    raw(".");
    return out.toByteArray();
  }

  /** The storages of the tensors that were written, in the order of their first tensor. */
  Collection<Storage> storages() {
    return storages.values();
  }

  private void value(@Nullable Object value) {
    switch (value) {
      case null -> raw("N");
      case Boolean truth -> raw(truth ? "\u0088" : "\u0089");
      case Integer number -> integer(number);
      case Long number -> integer(number);
      case BigInteger number -> big(number);
      case Double number -> bytes("G", ByteBuffer.allocate(8).putDouble(number).array());
      case String text -> text(text);
      case StoredTensor tensor -> tensor(tensor);
      case TorchFileWriter.StateDict state -> stateDict(state);
      case TorchFileWriter.PythonObject object -> {
        raw("c" + object.module() + "\n" + object.name() + "\n)\u0081");
        value(object.attributes());
        raw("b");
      }
      case Map<?, ?> map -> {
        raw("}");
        items(map);
      }
      case List<?> list -> {
        raw("](");
        list.forEach(this::value);
        raw("e");
      }
      case Object[] tuple -> {
        raw("(");
        for (Object item : tuple) {
          value(item);
        }
        raw("t");
      }
      default -> throw new IllegalArgumentException("cannot pickle a " + value.getClass());
    }
  }

  private void items(Map<?, ?> map) {
    raw("(");
    map.forEach((key, item) -> {
      value(key);
      value(item);
    });
    raw("u");
  }

  /** An ordered dict with the versions of modules, which is an attribute and not an item. */
  private void stateDict(TorchFileWriter.StateDict state) {
    raw("ccollections\nOrderedDict\n)R");
    items(state.tensors());
    value(Map.of("_metadata", Map.of("", Map.of("version", 1))));
    raw("b");
  }

  private void tensor(StoredTensor tensor) {
    Object identity = tensor instanceof FormulaTensor formula ? formula.formula() : tensor;
    Storage storage =
        storages.computeIfAbsent(
            identity, same -> new Storage(Integer.toString(storages.size()), tensor));
    raw("ctorch._utils\n_rebuild_tensor_v2\n((");
    text("storage");
    raw("ctorch\n" + storageClass(tensor.storedType()) + "\n");
    text(storage.key());
    text("cpu");
    integer(tensor.shape().elements());
    raw(legacy ? "NtQ" : "tQ");
    integer(0);
    int[] extents = tensor.shape().toArray();
    raw("(");
    for (int extent : extents) {
      integer(extent);
    }
    raw("t(");
    long stride = tensor.shape().elements();
    for (int extent : extents) {
      stride /= Math.max(1, extent);
      integer(stride);
    }
    raw("t\u0089ccollections\nOrderedDict\n)RtR");
  }

  private static String storageClass(StoredType type) {
    return switch (type) {
      case F32 -> "FloatStorage";
      case I64 -> "LongStorage";
      default -> throw new IllegalArgumentException("no storage class for " + type);
    };
  }

  private void integer(long number) {
    if (number == (int) number) {
      bytes(
          "J", ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt((int) number).array());
    } else {
      big(BigInteger.valueOf(number));
    }
  }

  private void big(BigInteger number) {
    byte[] digits = number.toByteArray();
    raw("\u008a" + (char) digits.length);
    for (int i = digits.length - 1; i >= 0; i--) {
      out.write(digits[i]);
    }
  }

  private void text(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    ByteBuffer length = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(utf8.length);
    bytes("X", length.array());
    out.writeBytes(utf8);
  }

  private void bytes(String opcode, byte[] bytes) {
    raw(opcode);
    out.writeBytes(bytes);
  }

  private void raw(String latin1) {
    out.writeBytes(latin1.getBytes(StandardCharsets.ISO_8859_1));
  }
}
