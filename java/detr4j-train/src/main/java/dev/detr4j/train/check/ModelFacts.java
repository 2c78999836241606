package dev.detr4j.train.check;

import dev.detr4j.image.ResizeRule;

/**
 * What the checks need to know of the model.
 *
 * @param queries how many objects it finds at most
 * @param resize to the size of its input
 */
public record ModelFacts(int queries, ResizeRule resize) {}
