package dev.detr4j.backend.host;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.op.gradient.Spread;
import dev.detr4j.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@link Spread}: copies and zeros, the same on every backend of the processors. */
public final class HostSpread implements HostOp<Spread> {
  @Override
  public List<HostKernel> bind(
      Spread op, BoundNode node, HostContext context, MemorySegment workspace) {
    Floats in = new Floats(node.input(0));
    Floats out = new Floats(node.output(0));
    Shape shape = node.input(0).shape();
    int channels = shape.last();
    int width = shape.get(2);
    return List.of(
        RowLoop.of(
            shape.get(0),
            op.height(),
            (long) op.width() * channels,
            (item, row) -> {
              boolean rowFilled = row % op.stride() == 0 && row / op.stride() < shape.get(1);
              for (int column = 0; column < op.width(); column++) {
                long to = (long) row * op.width() + column;
                if (rowFilled && column % op.stride() == 0 && column / op.stride() < width) {
                  long from = (long) (row / op.stride()) * width + column / op.stride();
                  out.copy(item, to, in, item, from, channels);
                } else {
                  out.zero(item, to, channels);
                }
              }
            }));
  }
}
