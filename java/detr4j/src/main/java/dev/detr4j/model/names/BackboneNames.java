package dev.detr4j.model.names;

import java.util.List;

/** What transformers calls the tensors of a kind of backbone. Immutable and thread-safe. */
public interface BackboneNames {
  /**
   * Those of a backbone whose tensors are called here as transformers calls them, in {@code
   * encoder.stages.*}.
   *
   * @param used stages that the network has; those behind them are in the file for nothing
   * @param all stages in the file
   */
  static BackboneNames ofStages(int used, int all) {
    return new BackboneNames() {
      @Override
      public List<String> spellings(String name) {
        return List.of(name);
      }

      @Override
      public boolean unused(String name) {
        for (int stage = used; stage < all; stage++) {
          if (name.startsWith("encoder.stages." + stage + ".")) {
            return true;
          }
        }
        return false;
      }
    };
  }

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
