package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.BYTES;
import static dev.detr4j.backend.vector.Lanes.INTS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.ORDER;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.ResamplingTable;
import dev.detr4j.op.ResizeNormalize;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import org.jspecify.annotations.Nullable;

/**
 * {@link ResizeNormalize}: a phase over the rows of the source, then one over the rows of the
 * output; exact in 32-bit integers. {@link LinearResize} has the arithmetic in floats.
 *
 * <p>Workspace: the source with its width already changed, {@code [sourceHeight][3 width]} ints,
 * rows padded to whole vectors. Ints and not bytes, because there is no vector of four bytes to
 * widen.
 */
final class VectorResizeNormalize implements HostOp<ResizeNormalize> {
  @Override
  public @Nullable String refusal(ResizeNormalize op) {
    return isLinear(op) || (fits(op.horizontal()) && fits(op.vertical()))
        ? null
        : "the resampling weights need sums of more than 32 bits";
  }

  private static boolean isLinear(ResizeNormalize op) {
    return op.arithmetic() == ResizeNormalize.Arithmetic.LINEAR_F32;
  }

  private static boolean fits(@Nullable ResamplingTable table) {
    if (table == null) {
      return true;
    }
    for (int i = 0; i < table.size(); i++) {
      long sum = 1L << (table.precision() - 1);
      for (int j = 0; j < table.count()[i]; j++) {
        sum += 255L * Math.abs((long) table.weights()[i * table.maxCount() + j]);
      }
      if (sum > Integer.MAX_VALUE) {
        return false;
      }
    }
    return true;
  }

  @Override
  public long workspaceBytes(ResizeNormalize op, BoundNode node, HostContext context) {
    return keepsSize(op) ? 0 : op.sourceHeight() * rowBytes(op);
  }

  private static boolean keepsSize(ResizeNormalize op) {
    return op.horizontal() == null && op.vertical() == null;
  }

  private static long rowBytes(ResizeNormalize op) {
    return (12L * op.width() + BYTES - 1) / BYTES * BYTES;
  }

  @Override
  public List<HostKernel> bind(
      ResizeNormalize op, BoundNode node, HostContext context, MemorySegment workspace) {
    Arena arena = context.arena();
    MemorySegment lookup = arena.allocate(4L * op.lookup().size(), 64);
    for (int i = 0; i < op.lookup().size(); i++) {
      Memory.setFloat(lookup.address() + 4L * i, op.lookup().get(i));
    }
    if (keepsSize(op)) {
      return List.of(
          new Lookup(
              RowBlocks.of(1, op.paddedHeight(), 12L * op.width()),
              op.width(),
              op.height(),
              op.paddedWidth(),
              lookup.address(),
              Rows.of(node.input(0)),
              Rows.of(node.output(0))));
    }
    long rowBytes = rowBytes(op);
    if (isLinear(op)) {
      return LinearResize.phases(op, node, arena, lookup.address(), workspace.address(), rowBytes);
    }
    return List.of(
        new Horizontal(
            RowBlocks.of(1, op.sourceHeight(), 12L * op.width()),
            op.sourceWidth(),
            op.width(),
            Axis.of(op.horizontal(), op.width(), arena),
            op.arithmetic() == ResizeNormalize.Arithmetic.OPENCV_LINEAR,
            Rows.of(node.input(0)),
            workspace.address(),
            rowBytes),
        new Vertical(
            RowBlocks.of(1, op.paddedHeight(), 12L * op.width()),
            op.width(),
            op.height(),
            op.paddedWidth(),
            Axis.of(op.vertical(), op.height(), arena),
            op.arithmetic() == ResizeNormalize.Arithmetic.OPENCV_LINEAR ? op.sourceHeight() : 0,
            lookup.address(),
            workspace.address(),
            rowBytes,
            Rows.of(node.output(0))));
  }

  /**
   * One axis of the filter in native memory; without a filter every output is its source.
   *
   * @param spans (first source, number of sources) of each output
   */
  private record Axis(long spans, long weights, int stride, int precision) {
    static Axis of(@Nullable ResamplingTable table, int size, Arena arena) {
      int stride = table == null ? 1 : table.maxCount();
      long spans = arena.allocate(8L * Math.max(1, size), 64).address();
      long weights = arena.allocate(4L * stride * Math.max(1, size), 64).address();
      for (int i = 0; i < size; i++) {
        Memory.setInt(spans + 8L * i, table == null ? i : table.start()[i]);
        Memory.setInt(spans + 8L * i + 4, table == null ? 1 : table.count()[i]);
        for (int j = 0; j < stride; j++) {
          Memory.setInt(
              weights + 4L * (i * stride + j), table == null ? 2 : table.weights()[i * stride + j]);
        }
      }
      return new Axis(spans, weights, stride, table == null ? 1 : table.precision());
    }

    int start(int i) {
      return Memory.getInt(spans + 8L * i);
    }

    int count(int i) {
      return Memory.getInt(spans + 8L * i + 4);
    }

    long weights(int i) {
      return weights + 4L * i * stride;
    }
  }

  /** Pixels to floats, where the size stays as it is. */
  private record Lookup(
      RowBlocks blocks, int width, int height, int paddedWidth, long lookup, Rows pixels, Rows out)
      implements HostKernel {
    @Override
    public int tiles() {
      return blocks.tiles();
    }

    @Override
    public void run(int tile, MemorySegment scratch) {
      int end = blocks.end(tile);
      for (int row = blocks.first(tile); row < end; row++) {
        int filled = row < height ? width : 0;
        long from = pixels.row(0, (long) row * width);
        long to = out.row(0, (long) row * paddedWidth);
        row(from, pixels.pitch(), filled, lookup, to, out.pitch());
        for (int column = filled; column < paddedWidth; column++) {
          Memory.clear(to + column * out.pitch(), 12);
        }
      }
    }

    private static void row(long from, long pitch, int width, long lookup, long to, long outPitch) {
      for (int column = 0; column < width; column++, from += pitch, to += outPitch) {
        Memory.setFloat(to, Memory.getFloat(lookup + 4L * Memory.getByte(from)));
        Memory.setFloat(to + 4, Memory.getFloat(lookup + 1024 + 4L * Memory.getByte(from + 1)));
        Memory.setFloat(to + 8, Memory.getFloat(lookup + 2048 + 4L * Memory.getByte(from + 2)));
      }
    }
  }

  private record Horizontal(
      RowBlocks blocks,
      int sourceWidth,
      int width,
      Axis axis,
      boolean openCv,
      Rows pixels,
      long between,
      long rowBytes)
      implements HostKernel {
    @Override
    public int tiles() {
      return blocks.tiles();
    }

    @Override
    public void run(int tile, MemorySegment scratch) {
      int end = blocks.end(tile);
      for (int row = blocks.first(tile); row < end; row++) {
        long from = pixels.row(0, (long) row * sourceWidth);
        for (int column = 0; openCv && column < width; column++) {
          twoPixels(
              from,
              pixels.pitch(),
              axis.start(column),
              sourceWidth - 1,
              axis.weights(column),
              between + row * rowBytes + 12L * column);
        }
        for (int column = 0; !openCv && column < width; column++) {
          pixel(
              from + axis.start(column) * pixels.pitch(),
              pixels.pitch(),
              axis.count(column),
              axis.weights(column),
              axis.precision,
              between + row * rowBytes + 12L * column);
        }
      }
    }
  }

  /** OpenCV's horizontal pass: two taps within the image, not rounded. */
  private static void twoPixels(long from, long pitch, int start, int last, long weights, long to) {
    long first = from + Math.max(start, 0) * pitch;
    long second = from + Math.min(start + 1, last) * pitch;
    int left = Memory.getInt(weights);
    int right = Memory.getInt(weights + 4);
    for (int c = 0; c < 3; c++) {
      Memory.setInt(
          to + 4L * c, left * Memory.getByte(first + c) + right * Memory.getByte(second + c));
    }
  }

  private static void pixel(
      long from, long pitch, int count, long weights, int precision, long to) {
    int half = 1 << (precision - 1);
    int red = half;
    int green = half;
    int blue = half;
    for (int j = 0; j < count; j++) {
      int weight = Memory.getInt(weights + 4L * j);
      long pixel = from + j * pitch;
      red += weight * Memory.getByte(pixel);
      green += weight * Memory.getByte(pixel + 1);
      blue += weight * Memory.getByte(pixel + 2);
    }
    Memory.setInt(to, Math.clamp(red >> precision, 0, 255));
    Memory.setInt(to + 4, Math.clamp(green >> precision, 0, 255));
    Memory.setInt(to + 8, Math.clamp(blue >> precision, 0, 255));
  }

  /**
   * Scratch: one row of bytes as ints.
   *
   * @param openCvRows rows of the source in OpenCV's arithmetic, else 0
   */
  private record Vertical(
      RowBlocks blocks,
      int width,
      int height,
      int paddedWidth,
      Axis axis,
      int openCvRows,
      long lookup,
      long between,
      long rowBytes,
      Rows out)
      implements HostKernel {
    @Override
    public int tiles() {
      return blocks.tiles();
    }

    @Override
    public long scratchBytes() {
      return rowBytes;
    }

    @Override
    public void run(int tile, MemorySegment scratch) {
      int end = blocks.end(tile);
      for (int row = blocks.first(tile); row < end; row++) {
        int filled = row < height ? width : 0;
        if (filled > 0 && openCvRows > 0) {
          int start = axis.start(row);
          twoRows(
              between + Math.clamp(start, 0, openCvRows - 1) * rowBytes,
              between + Math.min(start + 1, openCvRows - 1) * rowBytes,
              rowBytes,
              Memory.getInt(axis.weights(row)),
              Memory.getInt(axis.weights(row) + 4),
              scratch.address());
        } else if (filled > 0) {
          sum(
              between + axis.start(row) * rowBytes,
              rowBytes,
              axis.count(row),
              axis.weights(row),
              axis.precision,
              scratch.address());
        }
        for (int column = 0; column < filled; column++) {
          long to = out.row(0, (long) row * paddedWidth + column);
          normalise(scratch.address() + 12L * column, lookup, to);
        }
        for (int column = filled; column < paddedWidth; column++) {
          Memory.clear(out.row(0, (long) row * paddedWidth + column), 12);
        }
      }
    }

    private static void normalise(long bytes, long lookup, long to) {
      Memory.setFloat(to, Memory.getFloat(lookup + 4L * Memory.getInt(bytes)));
      Memory.setFloat(to + 4, Memory.getFloat(lookup + 1024 + 4L * Memory.getInt(bytes + 4)));
      Memory.setFloat(to + 8, Memory.getFloat(lookup + 2048 + 4L * Memory.getInt(bytes + 8)));
    }
  }

  /** OpenCV's vertical pass, whose products are truncated before they are added. */
  private static void twoRows(
      long above, long below, long rowBytes, int upper, int lower, long to) {
    for (long at = 0; at < rowBytes; at += BYTES) {
      IntVector first = IntVector.fromMemorySegment(INTS, ALL, above + at, ORDER);
      IntVector second = IntVector.fromMemorySegment(INTS, ALL, below + at, ORDER);
      first
          .lanewise(VectorOperators.ASHR, 4)
          .mul(upper)
          .lanewise(VectorOperators.ASHR, 16)
          .add(
              second
                  .lanewise(VectorOperators.ASHR, 4)
                  .mul(lower)
                  .lanewise(VectorOperators.ASHR, 16))
          .add(2)
          .lanewise(VectorOperators.ASHR, 2)
          .max(0)
          .min(255)
          .intoMemorySegment(ALL, to + at, ORDER);
    }
  }

  /** The weighted sum of some rows, rounded and clamped. */
  private static void sum(
      long rows, long rowBytes, int count, long weights, int precision, long to) {
    for (long at = 0; at < rowBytes; at += BYTES) {
      IntVector sum = IntVector.broadcast(INTS, 1 << (precision - 1));
      for (int j = 0; j < count; j++) {
        sum =
            IntVector.fromMemorySegment(INTS, ALL, rows + j * rowBytes + at, ORDER)
                .mul(Memory.getInt(weights + 4L * j))
                .add(sum);
      }
      sum.lanewise(VectorOperators.ASHR, precision)
          .max(0)
          .min(255)
          .intoMemorySegment(ALL, to + at, ORDER);
    }
  }
}
