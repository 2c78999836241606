package dev.detr4j.model.family;

import dev.detr4j.error.OneLine;
import dev.detr4j.model.description.Assumption;
import dev.detr4j.model.names.TensorNames;
import dev.detr4j.tensor.Shape;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Tensors that training leaves in a state dict and inference has no use for, whatever the project:
 * running averages of other tensors, and the count of what was averaged.
 *
 * <p>mmdetection's EMA hook keeps each as a buffer of the model, {@code ema_backbone_conv1_weight}
 * for {@code backbone.conv1.weight}, and puts the better of the two under the plain name when it
 * saves. Others keep a whole model under {@code ema_model.}, {@code model_ema.} or {@code ema.}. A
 * name alone does not make a leftover: there must be a tensor of that name and shape that it is an
 * average of.
 */
final class TrainingLeftovers {
  private static final List<String> AVERAGES = List.of("ema_", "ema.", "ema_model.", "model_ema.");
  private static final List<String> WRAPPERS = List.of("module.", "module_", "model.", "model_");
  private static final String COUNT = "n_averaged";

  private final Set<String> averages = new LinkedHashSet<>();
  private final boolean counted;

  private TrainingLeftovers(TensorFile file) {
    this.counted = file.shape(COUNT).isPresent();
    List<String> names = file.names();
    if (names.stream().noneMatch(TrainingLeftovers::looksAveraged)) {
      return;
    }
    Set<Averaged> plain = new HashSet<>();
    for (String name : names) {
      if (!looksAveraged(name)) {
        plain.add(Averaged.of(name, file.shape(name).orElseThrow()));
      }
    }
    for (String name : names) {
      if (looksAveraged(name) && averagesOne(name, file.shape(name).orElseThrow(), plain)) {
        averages.add(name);
      }
    }
  }

  /** A name without its separators and wrappers, since some averages have lost theirs. */
  private record Averaged(String name, Shape shape) {
    static Averaged of(String name, Shape shape) {
      String inside = name;
      for (String wrapper : WRAPPERS) {
        inside = inside.startsWith(wrapper) ? inside.substring(wrapper.length()) : inside;
      }
      return new Averaged(inside.replace('.', '_'), shape);
    }
  }

  /** Looks for the leftovers in a file. */
  static TrainingLeftovers of(TensorFile file) {
    return new TrainingLeftovers(file);
  }

  private static boolean looksAveraged(String name) {
    return AVERAGES.stream().anyMatch(name::startsWith);
  }

  private static boolean averagesOne(String name, Shape shape, Set<Averaged> plain) {
    return AVERAGES.stream()
        .filter(name::startsWith)
        .anyMatch(prefix -> plain.contains(Averaged.of(name.substring(prefix.length()), shape)));
  }

  /** Whether the tensor of that name is one of them. */
  boolean contains(String name) {
    return averages.contains(name) || (counted && name.equals(COUNT));
  }

  /** What there is to say of them. */
  Optional<Assumption> note() {
    return averages.isEmpty()
        ? Optional.empty()
        : Optional.of(
            Assumption.of(
                "%d running averages of training (%s, …) are left out"
                    .formatted(averages.size(), OneLine.of(averages.iterator().next())),
                null));
  }

  /** The names of a model, among which the leftovers have no use. */
  TensorNames beside(TensorNames names) {
    return new TensorNames() {
      @Override
      public List<String> candidates(String canonicalName) {
        return names.candidates(canonicalName);
      }

      @Override
      public RowBlock rows(String canonicalName, String fileName) {
        return names.rows(canonicalName, fileName);
      }

      @Override
      public boolean unused(String fileName) {
        return contains(fileName) || names.unused(fileName);
      }
    };
  }
}
