package dev.detr4j.backend;

/**
 * The vector instructions that the kernels of a backend are made of.
 *
 * @param mostBits the width of one vector; narrower where the processor has no such width
 * @param fused whether multiplication and addition are one instruction
 */
public record VectorUnit(int mostBits, boolean fused) {
  /** The widest that the processor has. */
  public static final VectorUnit WIDEST = new VectorUnit(Integer.MAX_VALUE, true);
}
