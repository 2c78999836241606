package dev.detr4j.checkpoint;

/** A {@code null} of a JSON text. */
enum JsonNull {
  NULL;

  @Override
  public String toString() {
    return "null";
  }
}
