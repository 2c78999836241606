package dev.detr4j.tensor;

/** What one element of a tensor is. */
public enum ElementType {
  /** IEEE 754 binary32. */
  F32(4),
  /** The upper half of binary32, 8 significant bits: how a backend may store a value of a graph. */
  BF16(2),
  /** Signed 32-bit integer: indices and labels. */
  I32(4),
  /** Unsigned byte: pixels, and masks where 1 means valid. */
  U8(1);

  private final int bytes;

  ElementType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of one element. */
  public int bytes() {
    return bytes;
  }
}
