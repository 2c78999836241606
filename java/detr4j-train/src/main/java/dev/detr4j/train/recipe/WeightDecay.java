package dev.detr4j.train.recipe;

import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Decoupled weight decay, and what is spared.
 *
 * @param value the decay of what decays
 */
public record WeightDecay(double value, Spared spared) {
  private static final Pattern NORMS =
      Pattern.compile(
          "(layer_?norm|layernorm|_norm|\\.norm)\\d*\\.|input_proj\\.\\d+\\.1\\.|input_projection\\.norm");

  /** transformers' names without decay; group normalisation of {@code input_proj} does decay. */
  private static final Pattern TRANSFORMERS =
      Pattern.compile("bias|layernorm|rmsnorm|(^|\\.)norm(\\.|$)|_norm(\\.|$)");

  /** Which tensors keep their size. */
  public enum Spared {
    /** None: every tensor decays (DETR, Deformable DETR, mmdetection). */
    NONE,
    /** Weights and biases of normalisations (detrex). */
    NORMS,
    /** Biases and layer normalisations, by name (transformers). */
    BIASES_AND_LAYER_NORMS
  }

  /** As in {@code 1.0E-4}, with what is spared. */
  @Override
  public String toString() {
    return switch (spared) {
      case NONE -> String.valueOf(value);
      case NORMS -> value + ", not of normalisations";
      case BIASES_AND_LAYER_NORMS -> value + ", not of biases and layer normalisations";
    };
  }

  /** The decay of the tensor of this name. */
  public double of(String name) {
    boolean free =
        switch (spared) {
          case NONE -> false;
          case NORMS -> NORMS.matcher(name).find();
          case BIASES_AND_LAYER_NORMS -> TRANSFORMERS.matcher(name.toLowerCase(Locale.ROOT)).find();
        };
    return free ? 0 : value;
  }
}
