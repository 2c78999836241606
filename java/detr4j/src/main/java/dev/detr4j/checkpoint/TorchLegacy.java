package dev.detr4j.checkpoint;

import dev.detr4j.checkpoint.pickle.PickleDict;
import dev.detr4j.checkpoint.pickle.PickleList;
import dev.detr4j.checkpoint.pickle.Unpickler;
import dev.detr4j.error.OneLine;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The layout before torch 1.6, which some projects still publish: the pickles of a magic number, of
 * the protocol version, of the machine's properties, of the saved object and of a list of storage
 * keys; then for each key the number of elements, in eight bytes, and the elements.
 *
 * <p>Numbers are little-endian even when the properties say {@code little_endian: False}: torch
 * converts them when it writes on such a machine, and looks at the property nowhere.
 */
final class TorchLegacy implements TorchContainer {
  private static final BigInteger MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);
  private static final long PROTOCOL = 1001;
  private static final ValueLayout.OfLong COUNT =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final MappedFile file;
  private final TorchObjects objects = new TorchObjects();
  private final Object root;
  private final Map<String, TorchStorage> storages = new HashMap<>();

  TorchLegacy(MappedFile file) {
    this.file = file;
    Unpickler unpickler = new Unpickler(file.bytes(), 0, objects);
    Object magic =
        TorchContainer.load(
            file, unpickler, "neither a zip nor a legacy file of torch.save, at byte ");
    if (!magic.equals(MAGIC)) {
      throw file.wrong(
          "the pickle at byte 0 is %s, expected the magic number of torch.save"
              .formatted(Unpickler.kind(magic)));
    }
    Object protocol = TorchContainer.load(file, unpickler, "byte ");
    if (!protocol.equals(PROTOCOL)) {
      throw file.wrong(
          "the protocol is %s, expected %d"
              .formatted(
                  protocol instanceof Number number ? number : Unpickler.kind(protocol), PROTOCOL));
    }
    if (!(TorchContainer.load(file, unpickler, "byte ") instanceof PickleDict)) {
      throw file.wrong("the properties of the machine are not a dict");
    }
    this.root = TorchContainer.load(file, unpickler, "byte ");
    if (!(TorchContainer.load(file, unpickler, "byte ") instanceof PickleList keys)) {
      throw file.wrong("there is no list of storage keys at byte " + unpickler.opcodePosition());
    }
    readStorages(keys.items(), unpickler.position());
  }

  private void readStorages(List<Object> keys, long begin) {
    long at = begin;
    long end = file.bytes().byteSize();
    for (Object key : keys) {
      TorchObjects.Storage storage =
          key instanceof String text ? objects.storages().get(text) : null;
      if (storage == null) {
        throw file.wrong(
            "the list of storage keys holds %s, which no tensor has"
                .formatted(key instanceof String text ? OneLine.of(text) : Unpickler.kind(key)));
      }
      if (end - at < COUNT.byteSize()) {
        throw file.wrong(
            "the file ends at byte %d, before storage %s"
                .formatted(end, OneLine.of(storage.key())));
      }
      long count = file.bytes().get(COUNT, at);
      if (count != storage.count()) {
        throw file.wrong(
            "storage %s at byte %d has %d elements, but its tensors say %d"
                .formatted(OneLine.of(storage.key()), at, count, storage.count()));
      }
      at += COUNT.byteSize();
      long size = TorchContainer.bytes(file, storage);
      if (size > end - at) {
        throw file.wrong(
            "storage %s needs %d bytes from %d on, but the file has %d"
                .formatted(OneLine.of(storage.key()), size, at, end));
      }
      MemorySegment bytes = file.bytes().asSlice(at, size);
      if (storages.put(storage.key(), new TorchStorage(size, true, false, () -> bytes)) != null) {
        throw file.wrong("storage " + OneLine.of(storage.key()) + " is listed twice");
      }
      at += size;
    }
  }

  @Override
  public Object root() {
    return root;
  }

  @Override
  public TorchObjects objects() {
    return objects;
  }

  @Override
  public TorchStorage storage(TorchObjects.Storage storage) {
    TorchStorage found = storages.get(storage.key());
    if (found == null) {
      throw file.wrong("storage " + OneLine.of(storage.key()) + " is missing");
    }
    return found;
  }
}
