package dev.detr4j.parity;

import dev.detr4j.error.ImageException;
import dev.detr4j.model.graph.DetectionModel;
import dev.detr4j.model.graph.ModelInput;
import dev.detr4j.op.LevelShape;
import java.util.ArrayList;
import java.util.List;

/**
 * Input sizes that a model takes: RT-DETR and D-FINE ask for maps that halve exactly and for as
 * many tokens as queries, RF-DETR for squares and LW-DETR for maps that windows divide.
 */
final class FittingSizes {
  private static final int[] STRIDES = {32, 64, 56};

  private FittingSizes() {}

  /** One image of that size, or the next that fits. */
  static ModelInput single(DetectionModel model, int height, int width) {
    return of(model, ModelInput.single(height, width));
  }

  /** The input, or the next larger one that fits, with the images that it had. */
  static ModelInput of(DetectionModel model, ModelInput input) {
    if (takes(model, input)) {
      return input;
    }
    for (int stride : STRIDES) {
      for (int factor = 1; factor <= 4; factor *= 2) {
        int height = factor * Math.ceilDiv(input.height(), stride) * stride;
        int width = factor * Math.ceilDiv(input.width(), stride) * stride;
        int side = Math.max(height, width);
        for (ModelInput larger : List.of(larger(input, height, width), larger(input, side, side))) {
          if (takes(model, larger)) {
            return larger;
          }
        }
      }
    }
    throw new AssertionError("nothing near " + input + " fits");
  }

  private static ModelInput larger(ModelInput input, int height, int width) {
    List<LevelShape> images = new ArrayList<>();
    for (LevelShape image : input.valid()) {
      images.add(
          new LevelShape(
              image.height() == input.height() ? height : image.height(),
              image.width() == input.width() ? width : image.width()));
    }
    return new ModelInput(height, width, images);
  }

  private static boolean takes(DetectionModel model, ModelInput input) {
    try {
      model.graph(input);
      return true;
    } catch (ImageException e) {
      return false;
    }
  }
}
