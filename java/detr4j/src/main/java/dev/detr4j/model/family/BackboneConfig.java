package dev.detr4j.model.family;

import java.util.List;

/**
 * A convolutional network and which of its stages the neck takes. Immutable; a kind of backbone has
 * a folder beside the families that share it.
 */
public interface BackboneConfig {
  /**
   * The network, with the weights of all stages up to the last one that the neck takes.
   *
   * @throws dev.detr4j.error.CheckpointException when a tensor is missing or misshapen
   */
  Backbone network(WeightSource source);

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
