package dev.detr4j.model.graph;

import dev.detr4j.op.LevelShape;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * The extents of one batch of network inputs, which decide the plan.
 *
 * @param height of the padded images in pixels
 * @param width of the padded images in pixels
 * @param valid extents of each image without its padding, which is at the bottom and right
 */
public record ModelInput(int height, int width, List<LevelShape> valid) {
  /** Checks that every image fits. */
  public ModelInput {
    valid = List.copyOf(valid);
    if (valid.isEmpty()) {
      throw new IllegalArgumentException("a batch has at least one image");
    }
    for (LevelShape image : valid) {
      if (image.height() < 1
          || image.width() < 1
          || image.height() > height
          || image.width() > width) {
        throw new IllegalArgumentException(
            "image of "
                + image.width()
                + "x"
                + image.height()
                + " does not fit a batch of "
                + width
                + "x"
                + height);
      }
    }
  }

  /** One image without padding. */
  public static ModelInput single(int height, int width) {
    return new ModelInput(height, width, List.of(new LevelShape(height, width)));
  }

  /** Adds the graph's one input, the pixels of the batch. */
  public Value addPixels(Graph.Builder graph) {
    return graph.input(
        DetectionModel.PIXEL_VALUES, ElementType.F32, Shape.of(batch(), height, width, 3));
  }

  /** Images in the batch. */
  public int batch() {
    return valid.size();
  }

  /** Whether any image has padding. */
  public boolean padded() {
    for (LevelShape image : valid) {
      if (image.height() != height || image.width() != width) {
        return true;
      }
    }
    return false;
  }

  /**
   * The valid cells of each image on a feature map: those whose nearest source pixel is valid, as
   * PyTorch's {@code interpolate} picks it, {@code floor(i * in / out)} in fp32.
   */
  public List<LevelShape> valid(LevelShape map) {
    List<LevelShape> cells = new ArrayList<>();
    for (LevelShape image : valid) {
      cells.add(
          new LevelShape(
              validCells(height, map.height(), image.height()),
              validCells(width, map.width(), image.width())));
    }
    return cells;
  }

  private static int validCells(int pixels, int cells, int validPixels) {
    float scale = (float) pixels / cells;
    int count = 0;
    while (count < cells && Math.min((int) (count * scale), pixels - 1) < validPixels) {
      count++;
    }
    return count;
  }
}
