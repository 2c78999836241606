package dev.detr4j.session;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.Program;
import dev.detr4j.backend.Queue;
import dev.detr4j.error.BackendException;
import dev.detr4j.image.ImageView;
import dev.detr4j.image.PixelFormat;
import dev.detr4j.image.RgbRows;
import dev.detr4j.op.ResizeNormalize;
import dev.detr4j.tensor.Buffer;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.TensorView;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The way of one source size into one place of a network's input: a resize, bound to memory. */
final class PlannedImage implements AutoCloseable {
  /** A resize that is bound. */
  private record Bound(BoundNode node, Program program) {
    boolean isTo(Buffer pixels, TensorView place) {
      return node.input(0).buffer().equals(pixels)
          && node.output(0).buffer().equals(place.buffer());
    }
  }

  private final Queue queue;
  private final ResizeNormalize op;
  private @Nullable Bound bound;

  /**
   * Not bound yet.
   *
   * @throws BackendException when the backend refuses the resize
   */
  PlannedImage(Backend backend, Queue queue, ResizeNormalize op) {
    this.queue = queue;
    this.op = op;
    String refusal = backend.refusal(op);
    if (refusal != null) {
      throw new BackendException("backend cannot run the pre-processing: " + refusal);
    }
  }

  boolean fits(ImageView image) {
    return image.width() == op.sourceWidth() && image.height() == op.sourceHeight();
  }

  /** Bytes of the pixels of an image. */
  long pixelBytes() {
    return 3L * op.sourceWidth() * op.sourceHeight();
  }

  /** Binds the resize to these places, unless it is. Returns it, as a step of a profile. */
  BoundNode bind(Buffer pixels, TensorView place) {
    Bound known = bound;
    if (known != null && known.isTo(pixels, place)) {
      return known.node;
    }
    close();
    int width = op.sourceWidth();
    TensorView source =
        new TensorView(
            pixels, 0, ElementType.U8, Shape.of(1, op.sourceHeight(), width, 3), 3, pixelBytes());
    BoundNode node = new BoundNode("preprocess", op, List.of(source), List.of(place));
    bound = new Bound(node, queue.compile(List.of(node)));
    return node;
  }

  /**
   * Copies the pixels to the device and resizes them into the place that the resize is bound to.
   *
   * @param rows converts an image that is not RGB on its way
   * @param nanoseconds the time of the resize is added to its first entry; null when nobody asks
   */
  void load(ImageView image, RgbRows rows, long @Nullable [] nanoseconds) {
    Bound known = bound;
    if (known == null) {
      throw new IllegalStateException("the resize is not bound");
    }
    upload(image, rows, known.node.input(0).buffer());
    if (nanoseconds == null) {
      queue.submit(known.program);
    } else {
      queue.measure(known.program, nanoseconds);
    }
  }

  private void upload(ImageView image, RgbRows rows, Buffer pixels) {
    long rowBytes = 3L * op.sourceWidth();
    if (image.format() == PixelFormat.RGB) {
      queue.uploadRows(image.pixels(), image.rowStride(), pixels, 0, rowBytes, op.sourceHeight());
      return;
    }
    int most = RgbRows.rowsAtOnce(image);
    for (int row = 0; row < image.height(); row += most) {
      int count = Math.min(most, image.height() - row);
      queue.upload(rows.of(image, row, count), 0, pixels, row * rowBytes, count * rowBytes);
    }
  }

  @Override
  public void close() {
    Bound known = bound;
    bound = null;
    if (known != null) {
      known.program.close();
    }
  }
}
