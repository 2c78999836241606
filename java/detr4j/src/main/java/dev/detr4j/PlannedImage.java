package dev.detr4j;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.Program;
import dev.detr4j.error.BackendException;
import dev.detr4j.image.ImageView;
import dev.detr4j.image.PixelSize;
import dev.detr4j.image.Preprocessing;
import dev.detr4j.op.ResizeNormalize;
import dev.detr4j.tensor.Buffer;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.TensorView;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The way of one source size into one place of a network's input: a staging buffer and a bound
 * resize.
 */
final class PlannedImage implements AutoCloseable {
  private final Backend backend;
  private final int width;
  private final int height;
  private final Buffer staging;
  private final BoundNode node;
  private final Program program;

  PlannedImage(
      Backend backend,
      Preprocessing preprocessing,
      ImageView image,
      PixelSize size,
      PixelSize canvas,
      TensorView place) {
    this.backend = backend;
    width = image.width();
    height = image.height();
    ResizeNormalize op = preprocessing.op(new PixelSize(width, height), size, canvas);
    String refusal = backend.refusal(op);
    if (refusal != null) {
      throw new BackendException("backend cannot run the pre-processing: " + refusal);
    }
    staging = backend.allocate(3L * width * height);
    try {
      TensorView pixels =
          new TensorView(
              staging, 0, ElementType.U8, Shape.of(1, height, width, 3), 3, 3L * width * height);
      node = new BoundNode("preprocess", op, List.of(pixels), List.of(place));
      program = backend.compile(List.of(node));
    } catch (Throwable e) {
      staging.close();
      throw e;
    }
  }

  boolean fits(ImageView image) {
    return image.width() == width && image.height() == height;
  }

  /** The resize, as a step of a profile. */
  BoundNode node() {
    return node;
  }

  /**
   * Copies the pixels to the device and resizes them into their place.
   *
   * @param nanoseconds the time of the resize is added to its first entry; null when nobody asks
   */
  void load(ImageView image, long @Nullable [] nanoseconds) {
    long row = 3L * width;
    if (image.rowStride() == row) {
      backend.upload(image.pixels(), 0, staging, 0, row * height);
    } else {
      for (int y = 0; y < height; y++) {
        backend.upload(image.pixels(), y * image.rowStride(), staging, y * row, row);
      }
    }
    program.run(nanoseconds);
  }

  @Override
  public void close() {
    program.close();
    staging.close();
  }
}
