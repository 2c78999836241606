package dev.detr4j.checkpoint;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.OneLine;
import dev.detr4j.tensor.Shape;
import java.util.List;

/** Checks that a tensor which a torch file describes is possible and lies inside its storage. */
final class TorchLayout {
  private final MappedFile file;
  private final String name;
  private final TorchObjects.Tensor tensor;

  TorchLayout(MappedFile file, String name, TorchObjects.Tensor tensor) {
    this.file = file;
    this.name = name;
    this.tensor = tensor;
  }

  /**
   * The checked tensor.
   *
   * @param mostRepeated the most bytes of a tensor with more elements than its storage has
   */
  StoredTensor view(TorchStorage storage, long mostRepeated) {
    try {
      return checked(storage, mostRepeated);
    } catch (ArithmeticException e) {
      throw wrong("has sizes whose product overflows");
    }
  }

  private StoredTensor checked(TorchStorage storage, long mostRepeated) {
    int width = tensor.type().bytes();
    TorchObjects.Storage from = tensor.storage();
    if (from.first() < 0
        || from.viewCount() < 0
        || from.first() > from.count() - from.viewCount()) {
      throw wrong(
          "is of %d elements from %d on of a storage of %d"
              .formatted(from.viewCount(), from.first(), from.count()));
    }
    // An untyped storage counts in bytes, its tensors in elements.
    long held = from.viewCount() * from.type().bytes() / width;
    long skipped = from.first() * from.type().bytes() / width;
    int[] extents = new int[tensor.sizes().size()];
    long[] strides = new long[extents.length];
    long farthest = tensor.offset();
    boolean empty = false;
    for (int d = 0; d < extents.length; d++) {
      long size = tensor.sizes().get(d);
      long stride = tensor.strides().get(d);
      if (size < 0 || size > Integer.MAX_VALUE || stride < 0) {
        throw wrong(
            "has sizes %s and strides %s, expected sizes from 0 to %d and no negative stride"
                .formatted(shown(tensor.sizes()), shown(tensor.strides()), Integer.MAX_VALUE));
      }
      extents[d] = (int) size;
      strides[d] = stride;
      empty |= size == 0;
      if (size > 1) {
        farthest = Math.addExact(farthest, Math.multiplyExact(size - 1, stride));
      }
    }
    if (tensor.offset() < 0 || (empty ? tensor.offset() > held : farthest >= held)) {
      throw wrong(
          "takes elements %d to %d of a storage of %d".formatted(tensor.offset(), farthest, held));
    }
    Shape shape = Shape.of(extents);
    long bytes = Math.multiplyExact(shape.elements(), (long) width);
    if (bytes > held * width && bytes > mostRepeated) {
      throw wrong(
          "has %d bytes by repeating the elements of a storage of %d, at most %d are read"
              .formatted(bytes, held * width, mostRepeated));
    }
    return new TorchView(
            file, name, tensor.type(), shape, strides, skipped + tensor.offset(), storage)
        .simplest();
  }

  private static String shown(List<Long> values) {
    return OneLine.of(values.toString());
  }

  private CheckpointException wrong(String what) {
    return file.wrong("tensor " + OneLine.of(name) + " " + what);
  }
}
