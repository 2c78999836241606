package dev.detr4j.backend.host;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.op.MaxPool;
import dev.detr4j.op.gradient.MaxPoolGradient;
import dev.detr4j.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/**
 * {@link MaxPoolGradient} in plain Java on every fast backend, because only a stem that learns
 * needs it.
 *
 * <p>A tile makes a band of rows of dx: it looks at every row of windows that reaches into its
 * band, and leaves out what belongs to another one. Numbers are compared as integers in their
 * order, without branches, so that HotSpot makes vectors of the loops: first down the rows of all
 * windows of a row at once, then along the columns of each window.
 */
public final class HostMaxPoolGradient implements HostOp<MaxPoolGradient> {
  /** Rows of a band: windows over its ends are looked at twice. */
  private static final int BAND = 16;

  private static final int INFINITE = 0x7f800000;

  /** Arrays of one thread. */
  private static final class Rows {
    int[] x = {};
    float[] dy = {};
    float[] dx = {};

    /** The greatest of each column, and the row that it stands in. */
    int[] largest = {};

    int[] row = {};

    /** The greatest of a window, and where it stands in {@link #x}. */
    int[] winner = {};

    int[] place = {};

    void fit(int ofX, int ofRow, int ofDy, int ofDx, int channels) {
      if (x.length < ofX) {
        x = new int[ofX];
      }
      if (largest.length < ofRow) {
        largest = new int[ofRow];
        row = new int[ofRow];
      }
      if (dy.length < ofDy) {
        dy = new float[ofDy];
      }
      if (dx.length < ofDx) {
        dx = new float[ofDx];
      }
      if (winner.length < channels) {
        winner = new int[channels];
        place = new int[channels];
      }
    }
  }

  private static final ThreadLocal<Rows> OF_THREAD = ThreadLocal.withInitial(Rows::new);

  @Override
  public List<HostKernel> bind(
      MaxPoolGradient op, BoundNode node, HostContext context, MemorySegment workspace) {
    Shape in = node.input(0).shape();
    Band band =
        new Band(
            op.of(),
            new Floats(node.input(0)),
            new Floats(node.input(1)),
            new Floats(node.output(0)),
            in,
            node.input(1).shape());
    int bands = (in.get(1) + BAND - 1) / BAND;
    return List.of(RowLoop.of(in.get(0), bands, 1 << 20, band::make));
  }

  private record Band(MaxPool op, Floats x, Floats dy, Floats dx, Shape in, Shape out) {
    void make(int item, int index) {
      int first = index * BAND;
      int end = Math.min(first + BAND, in.get(1));
      int channels = in.last();
      int rowOfX = in.get(2) * channels;
      Rows rows = OF_THREAD.get();
      rows.fit(op.kernel() * rowOfX, rowOfX, out.get(2) * channels, BAND * rowOfX, channels);
      Arrays.fill(rows.dx, 0, (end - first) * rowOfX, 0);
      for (int outRow = 0; outRow < out.get(1); outRow++) {
        int top = Math.max(outRow * op.stride() - op.padding(), 0);
        int bottom = Math.min(outRow * op.stride() - op.padding() + op.kernel(), in.get(1));
        if (bottom > first && top < end) {
          int height = bottom - top;
          x.read(item, (long) top * in.get(2), height * in.get(2), channels, rows.x);
          dy.read(item, (long) outRow * out.get(2), out.get(2), channels, rows.dy);
          inOrder(rows.x, height * rowOfX);
          down(rows, height, rowOfX);
          windows(rows, (first - top) * rowOfX, (end - top) * rowOfX);
        }
      }
      dx.write(item, (long) first * in.get(2), (end - first) * in.get(2), channels, rows.dx);
    }

    /**
     * One row of windows.
     *
     * @param first where the band begins in the rows that were read, in numbers
     * @param end where it ends
     */
    private void windows(Rows rows, int first, int end) {
      int channels = in.last();
      int rowOfX = in.get(2) * channels;
      for (int column = 0; column < out.get(2); column++) {
        int left = Math.max(column * op.stride() - op.padding(), 0);
        int right = Math.min(column * op.stride() - op.padding() + op.kernel(), in.get(2));
        begin(rows, left * channels, rowOfX, channels);
        for (int at = left + 1; at < right; at++) {
          along(rows, at * channels, rowOfX, channels);
        }
        int from = column * channels;
        for (int c = 0; c < channels; c++) {
          int to = rows.place[c];
          if (to >= first && to < end) {
            rows.dx[to - first] += rows.dy[from + c];
          }
        }
      }
    }
  }

  /** -1 where two numbers differ, otherwise 0. */
  private static int differ(int a, int b) {
    int bits = a ^ b;
    return (bits | -bits) >> 31;
  }

  /**
   * Makes integers of the bits of floats that compare as these do: both zeros are 0, and every NaN
   * is the greatest of all.
   */
  private static void inOrder(int[] x, int count) {
    for (int i = 0; i < count; i++) {
      int bits = x[i];
      int size = bits & Integer.MAX_VALUE;
      int negative = bits >> 31;
      int nan = (INFINITE - size) >> 31;
      int ordered = (size ^ negative) - negative;
      x[i] = (ordered & ~nan) | (Integer.MAX_VALUE & nan);
    }
  }

  /** The first of the greatest in each column of some rows. */
  private static void down(Rows rows, int height, int count) {
    int[] x = rows.x;
    int[] largest = rows.largest;
    int[] row = rows.row;
    System.arraycopy(x, 0, largest, 0, count);
    Arrays.fill(row, 0, count, 0);
    for (int y = 1; y < height; y++) {
      int from = y * count;
      for (int i = 0; i < count; i++) {
        int before = largest[i];
        int now = Math.max(before, x[from + i]);
        int wins = differ(before, now);
        largest[i] = now;
        row[i] = (row[i] & ~wins) | (y & wins);
      }
    }
  }

  private static void begin(Rows rows, int at, int rowOfX, int channels) {
    int[] winner = rows.winner;
    int[] place = rows.place;
    int[] largest = rows.largest;
    int[] row = rows.row;
    for (int c = 0; c < channels; c++) {
      winner[c] = largest[at + c];
      place[c] = row[at + c] * rowOfX + at + c;
    }
  }

  /** The next column of a window: a greater one wins, and of equal ones that of the upper row. */
  private static void along(Rows rows, int at, int rowOfX, int channels) {
    int[] winner = rows.winner;
    int[] place = rows.place;
    int[] largest = rows.largest;
    int[] row = rows.row;
    for (int c = 0; c < channels; c++) {
      int before = winner[c];
      int other = largest[at + c];
      int now = Math.max(before, other);
      int wins = differ(before, now);
      int unequal = differ(before, other);
      int here = row[at + c] * rowOfX + at + c;
      int upper = Math.min(place[c], here);
      int kept = (place[c] & unequal) | (upper & ~unequal);
      winner[c] = now;
      place[c] = (kept & ~wins) | (here & wins);
    }
  }
}
