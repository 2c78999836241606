package dev.detr4j.evaluation;

/** A class of objects; its name may be any text. */
public record Category(CocoId id, String name) {
  /** A class with an id that COCO has. */
  public Category(long id, String name) {
    this(CocoId.of(id), name);
  }
}
