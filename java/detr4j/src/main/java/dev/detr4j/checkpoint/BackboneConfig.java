package dev.detr4j.checkpoint;

import java.util.List;

/** A convolutional network and which of its stages the neck takes. */
public sealed interface BackboneConfig permits ConvNextV2Config, ResNetConfig {
  /** Its name with its size, for people. */
  String title();

  /** Blocks in each stage. */
  List<Integer> depths();

  /** Output channels of each stage. */
  List<Integer> widths();

  /** The stages whose outputs the neck takes, counted from 1, ascending. */
  List<Integer> taps();

  /** Whether the last stage dilates instead of striding (DC5). */
  default boolean dilated() {
    return false;
  }

  /** The number of stages up to the last tap; later ones do not matter. */
  default int stages() {
    return taps().getLast();
  }

  /** Channels of the last tap. */
  default int lastWidth() {
    return widths().get(stages() - 1);
  }
}
