package dev.detr4j.checkpoint.pickle;

/** Python's {@code None} inside the machine; a plain null among {@link PlainValues}. */
public enum PickleNone {
  NONE
}
