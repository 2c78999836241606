package dev.detr4j.train.augment;

import dev.detr4j.train.random.CounterRandom;

/** Light changes of brightness, contrast and tint, as tables of values. Stateless. */
final class Recolouring {
  private Recolouring() {}

  /** 3 x 256 values: a gamma and a gain for all channels, a small gain for each. */
  static byte[] table(CounterRandom random) {
    double gamma = StrictMath.exp(random.between(-0.25, 0.25));
    double gain = random.between(0.8, 1.2);
    byte[] table = new byte[3 * 256];
    for (int channel = 0; channel < 3; channel++) {
      double own = gain * random.between(0.94, 1.06);
      for (int value = 0; value < 256; value++) {
        double light = StrictMath.pow(value / 255.0, gamma) * own * 255;
        table[channel << 8 | value] = (byte) (int) Math.rint(Math.clamp(light, 0.0, 255.0));
      }
    }
    return table;
  }
}
