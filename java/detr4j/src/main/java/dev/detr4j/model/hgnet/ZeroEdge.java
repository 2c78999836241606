package dev.detr4j.model.hgnet;

import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.WeightedOp;

/**
 * A row and a column of zeros at the bottom and right of a map, as a depthwise 2x2 convolution of
 * padding 1 that takes the pixel at its own place.
 */
final class ZeroEdge {
  private ZeroEdge() {}

  static WeightedOp<Convolution> of(int channels) {
    return WeightedOp.of(
        Convolution.of(channels, channels, KernelWindow.square(2).withPadding(1))
            .withGroups(channels),
        DerivedWeight.lastOfFour(channels));
  }
}
