package dev.detr4j.backend.host;

import dev.detr4j.op.Convolution;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.TensorView;
import org.jspecify.annotations.Nullable;

/**
 * When a convolution goes by Winograd, and by which squares: where the kernels of {@code c} and
 * {@code vector} are faster so, for what the weights take in memory.
 */
public final class WinogradChoice {
  /**
   * From 16 channels on Winograd took between a third and three quarters of the time of the direct
   * form in every tier and at every vector width, from 12 squares on (maps of 6 x 8). Part-filled
   * register tiles slow both alike.
   */
  private static final int FEWEST_CHANNELS = 16;

  private static final long FEWEST_SQUARES = 12;

  /**
   * F(4x4, 3x3) took two thirds of the time of F(2x2, 3x3) on maps of 25 x 34 and more, where it
   * has little more than 9 in 16 of its products. Squares over the borders of a small map make it
   * more; with more than 3 in 4 of them, or with fewer than 12 squares for weights 2.25 times as
   * large, it was often slower.
   */
  private static final long F4_PRODUCTS = 3;

  private static final long F2_PRODUCTS = 4;

  /**
   * Above this many pairs of channels, weights of 80 bytes a pair more would add 42 MB to a
   * detector with ResNet-50 and save a hundredth of its time.
   */
  private static final long MOST_F4_PAIRS = 256 * 256;

  private WinogradChoice() {}

  /**
   * The weight layout of the squares to take, or null where the direct form is the better or the
   * only one.
   *
   * @param out the outputs
   * @param products the type of the numbers that are multiplied
   */
  public static @Nullable WinogradPacking of(Convolution op, TensorView out, ElementType products) {
    if (!WinogradPacking.fits(op)
        || Math.min(op.inChannels(), op.outChannels()) < FEWEST_CHANNELS
        || squares(WinogradPacking.F2, out) < FEWEST_SQUARES) {
      return null;
    }
    // Narrow types keep the smaller squares: the transforms of the larger multiply roundings.
    if (products != ElementType.F32
        || (long) op.inChannels() * op.outChannels() > MOST_F4_PAIRS
        || squares(WinogradPacking.F4, out) < FEWEST_SQUARES) {
      return WinogradPacking.F2;
    }
    return F2_PRODUCTS * products(WinogradPacking.F4, out)
            <= F4_PRODUCTS * products(WinogradPacking.F2, out)
        ? WinogradPacking.F4
        : WinogradPacking.F2;
  }

  /** The products of one output map for each pair of channels. */
  private static long products(WinogradPacking packing, TensorView out) {
    return squares(packing, out) * packing.elements();
  }

  /** The squares that cover one output map. */
  private static long squares(WinogradPacking packing, TensorView out) {
    return packing.squares(out.shape().get(1), out.shape().get(2));
  }
}
