package dev.detr4j.checkpoint;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.OneLine;
import dev.detr4j.tensor.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A tensor of a torch file whose elements do not lie ready: they are strided, big-endian or
 * deflated. They are gathered whenever they are read, into memory that lives as long as it is
 * referenced.
 */
final class TorchView implements StoredTensor {
  private final MappedFile file;
  private final String name;
  private final StoredType storedType;
  private final Shape shape;
  private final long[] strides;
  private final long offset;
  private final TorchStorage storage;

  /**
   * A view whose every element is known to lie inside the storage.
   *
   * @param strides the distances between neighbours of each dimension, in elements
   * @param offset the first element, in elements
   */
  TorchView(
      MappedFile file,
      String name,
      StoredType storedType,
      Shape shape,
      long[] strides,
      long offset,
      TorchStorage storage) {
    this.file = file;
    this.name = name;
    this.storedType = storedType;
    this.shape = shape;
    this.strides = strides.clone();
    this.offset = offset;
    this.storage = storage;
  }

  /** The tensor as a whole, in place when its elements lie ready. */
  StoredTensor simplest() {
    boolean ready = storage.inPlace() && (!storage.bigEndian() || storedType.bytes() == 1);
    if (!ready || !contiguous()) {
      return this;
    }
    MemorySegment bytes =
        storage.bytes().asSlice(offset * storedType.bytes(), shape.elements() * storedType.bytes());
    return new MappedTensor(file.container(), name, storedType, shape, bytes);
  }

  private boolean contiguous() {
    if (shape.elements() == 0) {
      return true;
    }
    long expected = 1;
    for (int d = shape.rank() - 1; d >= 0; d--) {
      if (shape.get(d) != 1 && strides[d] != expected) {
        return false;
      }
      expected *= shape.get(d);
    }
    return true;
  }

  @Override
  public String container() {
    return file.container();
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public StoredType storedType() {
    return storedType;
  }

  @Override
  public Shape shape() {
    return shape;
  }

  @Override
  public void read(MemorySegment destination) {
    MemorySegment copy = storedType.widens() ? bytes() : MemorySegment.NULL;
    new MappedTensor(file.container(), name, storedType, shape, copy).read(destination);
  }

  @Override
  public MemorySegment bytes() {
    if (!file.bytes().scope().isAlive()) {
      throw new CheckpointException(
          "checkpoint %s: tensor %s is read after the checkpoint was closed"
              .formatted(file.container(), OneLine.of(name)));
    }
    int width = storedType.bytes();
    MemorySegment copy = Arena.ofAuto().allocate(Math.max(1, shape.elements() * width), width);
    if (shape.elements() > 0) {
      MemorySegment from = storage.bytes();
      long[] next = {0};
      gather(from, copy, 0, offset, next);
    }
    return copy.asSlice(0, shape.elements() * width);
  }

  /** Copies the elements of one dimension, from the outermost on; {@code next} counts them. */
  private void gather(MemorySegment from, MemorySegment to, int dimension, long at, long[] next) {
    int width = storedType.bytes();
    boolean reversed = storage.bigEndian();
    if (dimension < shape.rank() - 1) {
      for (int i = 0; i < shape.get(dimension); i++) {
        gather(from, to, dimension + 1, at + i * strides[dimension], next);
      }
      return;
    }
    int extent = shape.rank() == 0 ? 1 : shape.last();
    long stride = shape.rank() == 0 ? 1 : strides[dimension];
    long out = next[0];
    next[0] += extent;
    if (stride == 1 && !reversed) {
      MemorySegment.copy(from, at * width, to, out * width, (long) extent * width);
      return;
    }
    for (long i = 0; i < extent; i++) {
      long source = (at + i * stride) * width;
      long target = (out + i) * width;
      for (int b = 0; b < width; b++) {
        byte value = from.get(ValueLayout.JAVA_BYTE, source + (reversed ? width - 1 - b : b));
        to.set(ValueLayout.JAVA_BYTE, target + b, value);
      }
    }
  }

  @Override
  public String toString() {
    return OneLine.of(name) + " " + storedType + shape;
  }
}
