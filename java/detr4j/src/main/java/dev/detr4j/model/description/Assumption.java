package dev.detr4j.model.description;

import org.jspecify.annotations.Nullable;

/**
 * Something about a model that its file does not tell, and the value that was taken.
 *
 * @param kind what it is about
 * @param what the value in words, as in {@code the last stage does not dilate}
 * @param otherwise the setting that says something else, as in {@code variant r50-dc5}; null where
 *     there is none
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
