package dev.detr4j;

import org.jspecify.annotations.Nullable;

/**
 * Something about a model that its file does not tell, and the value that was taken.
 *
 * @param what the value in words, as in {@code the last stage does not dilate}
 * @param otherwise the setting that says something else, as in {@code variant r50-dc5}; null where
 *     there is none
 */
public record Assumption(String what, @Nullable String otherwise) {}
