package dev.detr4j.json;

/** A {@code null} of a JSON text. */
enum JsonNull {
  NULL;

  @Override
  public String toString() {
    return "null";
  }
}
