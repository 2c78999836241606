package dev.detr4j.backend.host;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.op.GlobalResponseNorm;
import dev.detr4j.op.GroupNorm;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What the gradients of normalisations make of the sums that their tiles leave: the numbers of a
 * few thousand channels, in doubles and in a fixed order, the same on every fast backend.
 *
 * <p>Sums of channels are {@code [tiles][4][channels]} doubles: with the deviation d of x from a
 * shift, the sums of d, d^2, dy and dy d over the rows of a tile.
 */
public final class NormSums {
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT;
  private static final ValueLayout.OfDouble F64 = ValueLayout.JAVA_DOUBLE;

  /** Enough for eight threads; joining more would cost more than it shares. */
  private static final int TILES = 32;

  private static final int FEWEST_ELEMENTS = 1 << 14;

  private NormSums() {}

  /**
   * Rows of a tile that leaves sums: the same for every number of threads, because the order of a
   * sum follows the tiles.
   */
  public static int rowsPerTile(int batch, long rows, int channels) {
    long each = (rows * batch + TILES - 1) / TILES;
    return Math.clamp(each, Math.max(1, FEWEST_ELEMENTS / channels), 1 << 20);
  }

  /** Tiles of all items. */
  public static int tiles(int batch, long rows, int rowsPerTile) {
    return Math.toIntExact(batch * ((rows + rowsPerTile - 1) / rowsPerTile));
  }

  /** A kernel of one tile. */
  private record Once(Runnable body) implements HostKernel {
    @Override
    public int tiles() {
      return 1;
    }

    @Override
    public void run(int tile, MemorySegment scratch) {
      body.run();
    }
  }

  /**
   * Adds the sums of tiles, {@code [tiles][vectors][channels]} floats, to those of weights.
   *
   * @param firstSum the input of the node from which on the sums so far stand
   * @param firstOutput the output from which on the new ones stand
   */
  public static HostKernel add(
      BoundNode node, int firstSum, int firstOutput, int vectors, int tiles, MemorySegment sums) {
    int channels = node.output(firstOutput).columns();
    MemorySegment[] before = new MemorySegment[vectors];
    MemorySegment[] after = new MemorySegment[vectors];
    for (int i = 0; i < vectors; i++) {
      before[i] = HostBuffer.segment(node.input(firstSum + i));
      after[i] = HostBuffer.segment(node.output(firstOutput + i));
    }
    return new Once(() -> {
      for (int v = 0; v < vectors; v++) {
        for (int c = 0; c < channels; c++) {
          double sum = before[v].getAtIndex(F32, c);
          for (int tile = 0; tile < tiles; tile++) {
            sum += sums.getAtIndex(F32, ((long) tile * vectors + v) * channels + c);
          }
          after[v].setAtIndex(F32, c, (float) sum);
        }
      }
    });
  }

  /** Adds the sums of dy of all channels, see above, to one vector: the sum of rows. */
  public static HostKernel addRows(BoundNode node, int tiles, MemorySegment sums) {
    MemorySegment before = HostBuffer.segment(node.input(1));
    MemorySegment after = HostBuffer.segment(node.output(0));
    int channels = node.output(0).columns();
    return new Once(() -> {
      for (int c = 0; c < channels; c++) {
        double sum = before.getAtIndex(F32, c);
        for (int tile = 0; tile < tiles; tile++) {
          sum += sums.getAtIndex(F64, ((long) tile * 4 + 2) * channels + c);
        }
        after.setAtIndex(F32, c, (float) sum);
      }
    });
  }

  /** Copies the first row of each item: a shift near the mean, unless the map varies wildly. */
  public static HostKernel shiftByFirstRow(TensorView x, MemorySegment shift) {
    MemorySegment from = HostBuffer.segment(x);
    long bytes = 4L * x.columns();
    return new Once(() -> {
      for (int n = 0; n < x.batch(); n++) {
        MemorySegment.copy(from, 4L * n * x.batchStride(), shift, n * bytes, bytes);
      }
    });
  }

  /** A shift of zero. */
  public static HostKernel noShift(MemorySegment shift) {
    return new Once(() -> shift.fill((byte) 0));
  }

  /**
   * Makes the factors of a group norm's gradient, and adds to the sums of its weights.
   *
   * @param weight of the norm
   * @param shift {@code [batch][channels]}
   * @param factors {@code [batch][3][channels]} of dy, of d, and a constant
   */
  public static HostKernel groupNorm(
      GroupNorm op,
      BoundNode node,
      MemorySegment weight,
      int tilesOfItem,
      MemorySegment sums,
      MemorySegment shift,
      MemorySegment factors) {
    int batch = node.input(0).batch();
    long rows = node.input(0).rows();
    int channels = op.channels();
    int each = channels / op.groups();
    MemorySegment[] weightSums = weightSums(node);
    return new Once(() -> {
      double[][] all = new double[4][channels];
      double[][] total = new double[2][channels];
      for (int n = 0; n < batch; n++) {
        join(sums, n, tilesOfItem, channels, all);
        for (int first = 0; first < channels; first += each) {
          double count = (double) rows * each;
          double mean = 0;
          for (int c = first; c < first + each; c++) {
            mean += (all[0][c] + rows * at(shift, n, channels, c)) / count;
          }
          double variance = 0;
          for (int c = first; c < first + each; c++) {
            double off = at(shift, n, channels, c) - mean;
            variance += (all[1][c] + 2 * off * all[0][c] + rows * off * off) / count;
          }
          double scale = 1 / Math.sqrt(Math.max(variance, 0) + op.epsilon());
          double one = 0;
          double two = 0;
          for (int c = first; c < first + each; c++) {
            double off = at(shift, n, channels, c) - mean;
            double product = scale * (all[3][c] + off * all[2][c]);
            double factor = weight.getAtIndex(F32, c);
            total[0][c] += product;
            total[1][c] += all[2][c];
            one += factor * all[2][c] / count;
            two += factor * product / count;
          }
          for (int c = first; c < first + each; c++) {
            double off = at(shift, n, channels, c) - mean;
            long place = 3L * n * channels + c;
            factors.setAtIndex(F32, place, (float) (scale * weight.getAtIndex(F32, c)));
            factors.setAtIndex(F32, place + channels, (float) (-scale * scale * two));
            factors.setAtIndex(
                F32, place + 2L * channels, (float) (-scale * (one + scale * two * off)));
          }
        }
      }
      addTo(weightSums, total);
    });
  }

  /** The same of a global response norm; the shift is zero. */
  public static HostKernel responseNorm(
      GlobalResponseNorm op,
      BoundNode node,
      MemorySegment weight,
      int tilesOfItem,
      MemorySegment sums,
      MemorySegment factors) {
    int batch = node.input(0).batch();
    int channels = op.channels();
    MemorySegment[] weightSums = weightSums(node);
    return new Once(() -> {
      double[][] all = new double[4][channels];
      double[][] total = new double[2][channels];
      for (int n = 0; n < batch; n++) {
        join(sums, n, tilesOfItem, channels, all);
        double mean = 0;
        for (int c = 0; c < channels; c++) {
          mean += Math.sqrt(all[1][c]) / channels;
        }
        double divisor = mean + op.epsilon();
        double shared = 0;
        for (int c = 0; c < channels; c++) {
          double response = Math.sqrt(all[1][c]) / divisor;
          total[0][c] += all[3][c] * response;
          total[1][c] += all[2][c];
          shared += weight.getAtIndex(F32, c) * all[3][c] * response / channels;
        }
        for (int c = 0; c < channels; c++) {
          double factor = weight.getAtIndex(F32, c);
          double norm = Math.sqrt(all[1][c]);
          long place = 3L * n * channels + c;
          factors.setAtIndex(F32, place, (float) (1 + factor * norm / divisor));
          factors.setAtIndex(
              F32,
              place + channels,
              (float) (norm == 0 ? 0 : (factor * all[3][c] - shared) / divisor / norm));
          factors.setAtIndex(F32, place + 2L * channels, 0);
        }
      }
      addTo(weightSums, total);
    });
  }

  /** Sums so far and new ones of weight and bias: inputs 2 and 3, outputs 1 and 2. */
  private static MemorySegment[] weightSums(BoundNode node) {
    return new MemorySegment[] {
      HostBuffer.segment(node.input(2)),
      HostBuffer.segment(node.input(3)),
      HostBuffer.segment(node.output(1)),
      HostBuffer.segment(node.output(2))
    };
  }

  private static void addTo(MemorySegment[] weightSums, double[][] total) {
    for (int i = 0; i < 2; i++) {
      for (int c = 0; c < total[i].length; c++) {
        weightSums[2 + i].setAtIndex(
            F32, c, (float) (weightSums[i].getAtIndex(F32, c) + total[i][c]));
      }
    }
  }

  private static void join(
      MemorySegment sums, int item, int tilesOfItem, int channels, double[][] all) {
    for (int k = 0; k < 4; k++) {
      for (int c = 0; c < channels; c++) {
        double sum = 0;
        for (int tile = 0; tile < tilesOfItem; tile++) {
          long place = ((long) (item * tilesOfItem + tile) * 4 + k) * channels + c;
          sum += sums.getAtIndex(F64, place);
        }
        all[k][c] = sum;
      }
    }
  }

  private static double at(MemorySegment shift, int item, int channels, int channel) {
    return shift.getAtIndex(F32, (long) item * channels + channel);
  }
}
