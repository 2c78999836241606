package dev.detr4j.checkpoint;

import dev.detr4j.checkpoint.pickle.PickleException;
import dev.detr4j.checkpoint.pickle.Unpickler;
import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.OneLine;

/** One of the two layouts of a torch file: a pickled object, and the storages of its tensors. */
sealed interface TorchContainer permits TorchZip, TorchLegacy {
  /** The object that was saved, as a value of the {@link Unpickler}. */
  Object root();

  /** What the pickle says of tensors and storages. */
  TorchObjects objects();

  /**
   * The bytes of a storage of {@link #objects}.
   *
   * @throws CheckpointException when the file does not hold them or holds another number of them
   */
  TorchStorage storage(TorchObjects.Storage storage);

  /** The size of a storage; throws {@link CheckpointException} when it is not possible. */
  static long bytes(MappedFile file, TorchObjects.Storage storage) {
    if (storage.count() < 0 || storage.count() > Long.MAX_VALUE / storage.type().bytes()) {
      throw file.wrong(
          "storage %s has %d elements".formatted(OneLine.of(storage.key()), storage.count()));
    }
    return storage.count() * storage.type().bytes();
  }

  /** Reads the next pickle of a file; {@code where} begins the message when it cannot. */
  static Object load(MappedFile file, Unpickler unpickler, String where) {
    try {
      return unpickler.load();
    } catch (PickleException e) {
      throw file.wrong("%s%d: %s".formatted(where, unpickler.opcodePosition(), e.getMessage()), e);
    }
  }
}
