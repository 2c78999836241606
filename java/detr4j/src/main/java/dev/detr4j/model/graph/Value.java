package dev.detr4j.model.graph;

import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;

/**
 * A tensor of the graph before it has a place: a root that owns memory, or a view of a root.
 *
 * <p>Strides count elements, as in {@link dev.detr4j.tensor.TensorView}. Views cost nothing at run
 * time: a level of a token sequence, some columns of a joint projection, and a flattened map are
 * views.
 */
public final class Value {
  private final String name;
  private final ElementType type;
  private final Shape shape;
  private final Value root;
  private final long offset;
  private final long rowStride;
  private final long batchStride;
  private final boolean detached;

  /** A root. */
  Value(String name, ElementType type, Shape shape) {
    this.name = name;
    this.type = type;
    this.shape = shape;
    this.root = this;
    this.offset = 0;
    this.rowStride = shape.last();
    this.batchStride = rows(shape) * shape.last();
    this.detached = false;
  }

  private Value(String name, Value base, Shape shape, long offset, long rowStride) {
    this(name, base, shape, offset, rowStride, base.batchStride, base.detached);
  }

  private Value(
      String name,
      Value base,
      Shape shape,
      long offset,
      long rowStride,
      long batchStride,
      boolean detached) {
    this.name = name;
    this.type = base.type;
    this.shape = shape;
    this.root = base.root;
    this.offset = offset;
    this.rowStride = rowStride;
    this.batchStride = batchStride;
    this.detached = detached;
  }

  /**
   * The same elements, as a place where training stops: no gradient flows from what reads this view
   * to what made the value.
   */
  public Value detached() {
    return new Value(name, this, shape, offset, rowStride, batchStride, true);
  }

  /** Whether no gradient flows through this view. */
  public boolean isDetached() {
    return detached;
  }

  /**
   * The part of another value that this one is of its root.
   *
   * @throws IllegalArgumentException unless the other value has the shape of the root, or where
   *     this one has other batch items than its root
   */
  public Value of(Value whole) {
    if (!whole.shape.equals(root.shape)) {
      throw new IllegalArgumentException(whole + " has not the shape of " + root);
    }
    if (batchStride != root.batchStride) {
      throw new IllegalArgumentException(this + " has other batch items than " + root);
    }
    if (root == this) {
      return whole;
    }
    long row = offset / root.rowStride;
    long column = offset % root.rowStride;
    return new Value(
        whole.name,
        whole,
        shape,
        whole.offset + row * whole.rowStride + column,
        whole.rowStride,
        whole.batchStride,
        false);
  }

  /** Whether this view has the elements of its root, all of them. */
  public boolean isWhole() {
    return shape.elements() == root.shape.elements();
  }

  /**
   * The same rows under other extents, as {@code [N, H, W, C]} for {@code [N, H W, C]}.
   *
   * @throws IllegalArgumentException unless batch, number of rows and columns stay
   */
  public Value reshaped(Shape to) {
    if (to.get(0) != shape.get(0) || rows(to) != rows(shape) || to.last() != shape.last()) {
      throw new IllegalArgumentException(name + " " + shape + " cannot be seen as " + to);
    }
    return new Value(name, this, to, offset, rowStride);
  }

  /**
   * The same rows in another number of batch items, all equally long and one after another, as the
   * windows of images {@code [N W, R / W, C]} for {@code [N, R, C]}.
   *
   * @throws IllegalArgumentException when rows do not divide so, or lie apart between batch items
   */
  public Value batched(int items) {
    long all = shape.get(0) * rows(shape);
    if (items < 1 || all % items != 0) {
      throw new IllegalArgumentException(
          name + " " + shape + " cannot be seen as " + items + " batch items");
    }
    if (shape.get(0) > 1 && batchStride != rows(shape) * rowStride) {
      throw new IllegalArgumentException(name + " " + shape + " has gaps between its batch items");
    }
    long each = all / items;
    return new Value(
        name,
        this,
        Shape.of(items, Math.toIntExact(each), shape.last()),
        offset,
        rowStride,
        each * rowStride,
        detached);
  }

  /** Rows {@code first ..} of each batch item, as many as {@code to} has. */
  public Value rowsFrom(String viewName, long first, Shape to) {
    if (to.get(0) != shape.get(0)
        || first < 0
        || first + rows(to) > rows(shape)
        || to.last() != shape.last()) {
      throw new IllegalArgumentException(
          "rows " + first + ".. of " + name + " " + shape + " cannot be seen as " + to);
    }
    return new Value(viewName, this, to, offset + first * rowStride, rowStride);
  }

  /** One item of the batch, as a batch of its own. */
  public Value item(int index) {
    if (index < 0 || index >= shape.get(0)) {
      throw new IllegalArgumentException("item " + index + " of " + name + " " + shape);
    }
    int[] extents = shape.toArray();
    extents[0] = 1;
    return new Value(name, this, Shape.of(extents), offset + index * batchStride, rowStride);
  }

  /** Columns {@code first .. first + count - 1} of each row. */
  public Value columns(String viewName, int first, int count) {
    if (first < 0 || count < 1 || first + count > shape.last()) {
      throw new IllegalArgumentException(
          "columns " + first + " + " + count + " of " + name + " " + shape);
    }
    int[] extents = shape.toArray();
    extents[extents.length - 1] = count;
    return new Value(viewName, this, Shape.of(extents), offset + first, rowStride);
  }

  /** For messages and taps. */
  public String name() {
    return name;
  }

  /** The element type. */
  public ElementType type() {
    return type;
  }

  /** The extents. */
  public Shape shape() {
    return shape;
  }

  /** The value that owns the memory; itself unless this is a view. */
  public Value root() {
    return root;
  }

  /** Elements from the start of the root. */
  public long offset() {
    return offset;
  }

  /** Elements from one row to the next. */
  public long rowStride() {
    return rowStride;
  }

  /** Elements from one batch item to the next. */
  public long batchStride() {
    return batchStride;
  }

  @Override
  public String toString() {
    return name + " " + type + " " + shape;
  }

  private static long rows(Shape shape) {
    long rows = 1;
    for (int i = 1; i < shape.rank() - 1; i++) {
      rows *= shape.get(i);
    }
    return rows;
  }
}
