package dev.detr4j.backend.vector;

/**
 * The addresses of packed weights.
 *
 * @param weight of the layout that its kernel reads
 * @param bias padded like the panels; never 0, see {@link PanelBias}
 */
record PackedWeights(long weight, long bias) {}
