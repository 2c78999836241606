package dev.detr4j.train.head;

/** What becomes of the class heads of the starting model. */
public enum HeadPolicy {
  /** Rows of classes with the same name are kept, the others are made anew. */
  BY_NAME,
  /** All rows are made anew. */
  NEW,
  /** All rows stay: the data must have the model's classes in the model's order. */
  KEEP
}
