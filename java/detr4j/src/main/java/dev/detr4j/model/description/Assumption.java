package dev.detr4j.model.description;

import org.jspecify.annotations.Nullable;

/**
 * A property of a model that its file does not state, and the value that detr4j assumes.
 *
 * @param kind what it is about
 * @param what the value in words, such as {@code the last stage does not dilate}
 * @param otherwise the setting that changes it, such as {@code variant r50-dc5}; null if there is
 *     none
 */
public record Assumption(Kind kind, String what, @Nullable String otherwise) {
  /** What an assumption is about. */
  public enum Kind {
    /** The class names. */
    LABELS,
    /** The network, or what happens to images before it. */
    MODEL
  }

  /** An assumption about the model. */
  public static Assumption of(String what, @Nullable String otherwise) {
    return new Assumption(Kind.MODEL, what, otherwise);
  }

  /** An assumption about the class names, which a file of labels replaces. */
  public static Assumption ofLabels(String what) {
    return new Assumption(Kind.LABELS, what, "labels FILE");
  }
}
