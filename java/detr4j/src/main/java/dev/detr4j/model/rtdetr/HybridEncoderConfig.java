package dev.detr4j.model.rtdetr;

import dev.detr4j.op.Activation;
import java.util.List;

/**
 * The hybrid encoder of RT-DETR (Zhao et al. 2024): a transformer on single maps and convolutions
 * between them.
 *
 * @param dim channels of its maps; a multiple of 4 and of the encoder's heads
 * @param transformed indices of the levels with a transformer, fine levels first
 * @param ffnActivation of the transformer's feed-forward networks
 * @param activation of the convolutions
 * @param hidden channels inside of a CSP layer
 * @param temperature of the position code
 * @param normalizesFirst whether the transformer normalises before its attention
 * @param columnsFirst whether the position code numbers the cells column by column, as the original
 *     and transformers 4 do; of square maps it is the same
 */
record HybridEncoderConfig(
    int dim,
    List<Integer> transformed,
    Activation ffnActivation,
    Activation activation,
    int hidden,
    double temperature,
    boolean normalizesFirst,
    boolean columnsFirst) {
  HybridEncoderConfig {
    transformed = List.copyOf(transformed);
  }
}
