package dev.detr4j.backend;

import dev.detr4j.error.BackendException;
import dev.detr4j.tensor.ElementType;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** The precision of the products of convolutions and linear layers. Sums are always fp32. */
public enum Precision {
  /** Every operation in fp32, as the original projects compute by default. */
  FP32(ElementType.F32),
  /**
   * Rounds what convolutions and linear layers multiply to tf32: fp32 with 11 significant bits,
   * which the tensor cores of NVIDIA GPUs take. All maps stay fp32. The same operations as with
   * {@link #BF16} stay fp32, and so does attention. Only backend {@code cuda} has it.
   */
  TF32(ElementType.F32),
  /**
   * Rounds what convolutions, linear layers and attention multiply, and the values that deformable
   * attention samples, to bf16 (8 significant bits). Products run at about twice the speed with dot
   * products of bf16 pairs (AVX512_BF16), and faster in tiles (AMX). Box and class heads, layers
   * that make coordinates, softmax, norms and box arithmetic stay fp32. Backend {@code c} has it on
   * processors with one of the two; backend {@code cuda} has it in convolutions and linear layers.
   */
  BF16(ElementType.BF16);

  private final ElementType products;

  Precision(ElementType products) {
    this.products = products;
  }

  /**
   * The type in which the numbers lie that are multiplied, wherever this precision allows to round
   * them.
   */
  public ElementType products() {
    return products;
  }

  /** Whether numbers of that type are multiplied as they are, and not rounded once more. */
  boolean multipliesAsStored() {
    return this != TF32;
  }

  /** The name in options and properties: the constant in lower case. */
  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The precision with this name, in any case.
   *
   * @throws BackendException when there is none; the message lists the names
   */
  public static Precision of(String id) {
    for (Precision precision : values()) {
      if (precision.id().equalsIgnoreCase(id)) {
        return precision;
      }
    }
    String known = Arrays.stream(values()).map(Precision::id).collect(Collectors.joining(", "));
    throw new BackendException("precision " + id + " does not exist; expected " + known);
  }
}
