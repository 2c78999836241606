package dev.detr4j.train.recipe;

import java.util.List;

/**
 * Tensors that learn at another rate, found by parts of their names (those of Hugging Face files).
 *
 * @param group what reports call them
 * @param parts a name that contains one of them belongs here, if no earlier rule took it
 * @param factor of the recipe's rate
 */
public record RateRule(String group, List<String> parts, double factor) {
  /** The backbone, without the projections of its maps. */
  public static RateRule backbone(double factor) {
    return new RateRule("backbone", List.of("model.backbone."), factor);
  }

  /** What decides where deformable attention looks. */
  public static RateRule offsets(double factor) {
    return new RateRule("offsets", List.of("sampling_offsets", "reference_points"), factor);
  }

  /** Copies the list. */
  public RateRule {
    parts = List.copyOf(parts);
  }

  /** As in {@code backbone (model.backbone.) x 0.1}. */
  @Override
  public String toString() {
    return "%s (%s) x %s".formatted(group, String.join(", ", parts), factor);
  }

  /** Whether the tensor of this name belongs here. */
  public boolean takes(String name) {
    return parts.stream().anyMatch(name::contains);
  }
}
