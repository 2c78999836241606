package dev.detr4j.backend.host;

import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Adds up what the heads of an attention leave of the same tensor: {@code
 * [batch][heads][rows][columns]} to {@code [batch, rows, columns]}.
 */
public final class HeadSums {
  private HeadSums() {}

  /** Bytes of what the heads leave. */
  public static long bytes(int heads, TensorView out) {
    return 4L * heads * out.shape().elements();
  }

  /** The kernel. */
  public static HostKernel of(int heads, MemorySegment parts, TensorView out) {
    Floats to = new Floats(out);
    int columns = out.columns();
    long rows = out.rows();
    return RowLoop.of(
        out.batch(),
        rows,
        (long) columns * heads,
        (item, row) -> {
          for (int c = 0; c < columns; c++) {
            double sum = 0;
            for (int head = 0; head < heads; head++) {
              long at = ((item * (long) heads + head) * rows + row) * columns + c;
              sum += parts.getAtIndex(ValueLayout.JAVA_FLOAT, at);
            }
            to.set(item, row, c, (float) sum);
          }
        });
  }
}
