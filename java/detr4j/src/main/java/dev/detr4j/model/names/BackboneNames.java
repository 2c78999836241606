package dev.detr4j.model.names;

import java.util.List;

/** What transformers calls the tensors of a kind of backbone. Immutable and thread-safe. */
public interface BackboneNames {
  /**
   * The spellings of a tensor, the preferred one first.
   *
   * @param name canonical, without {@code backbone.}
   * @return names below the backbone of the model
   */
  List<String> spellings(String name);

  /**
   * Whether inference has no use for a tensor of the file.
   *
   * @param name below the backbone of the model
   */
  boolean unused(String name);
}
