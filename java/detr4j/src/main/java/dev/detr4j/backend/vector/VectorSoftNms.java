package dev.detr4j.backend.vector;

import static dev.detr4j.backend.vector.Lanes.BYTES;
import static dev.detr4j.backend.vector.Lanes.FLOATS;
import static dev.detr4j.backend.vector.Memory.ALL;
import static dev.detr4j.backend.vector.Memory.ORDER;

import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.host.HostContext;
import dev.detr4j.backend.host.HostKernel;
import dev.detr4j.backend.host.HostOp;
import dev.detr4j.op.SoftNms;
import dev.detr4j.op.SoftNms.Decay;
import java.lang.foreign.MemorySegment;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * {@link SoftNms} in one tile: takes the best score that is left, then lowers those of the boxes
 * that overlap it.
 *
 * <p>Scratch: the columns of {@link ClassBoxes}, the overlaps, the scores that are left, the
 * numbers of their boxes. A score that is taken or dropped becomes minus infinity and stays that:
 * no threshold lets it pass. Once a quarter of the list has been taken, those that are left close
 * ranks, in their order.
 */
final class VectorSoftNms implements HostOp<SoftNms> {
  @Override
  public List<HostKernel> bind(
      SoftNms op, BoundNode node, HostContext context, MemorySegment workspace) {
    return List.of(
        new Kernel(
            op,
            node.input(0).shape().get(1),
            Rows.of(node.input(0)),
            Rows.of(node.input(1)).address(),
            Rows.of(node.input(2)).address(),
            Rows.of(node.output(0)).address(),
            Rows.of(node.output(1)).address(),
            Rows.of(node.output(2)).address()));
  }

  private record Kernel(
      SoftNms op,
      int count,
      Rows boxes,
      long scores,
      long labels,
      long keptScores,
      long indices,
      long kept)
      implements HostKernel {
    @Override
    public int tiles() {
      return 1;
    }

    @Override
    public long scratchBytes() {
      return (ClassBoxes.COLUMNS + 3) * ClassBoxes.columnBytes(count);
    }

    @Override
    public void run(int tile, MemorySegment scratch) {
      long column = ClassBoxes.columnBytes(count);
      long moved = scratch.address();
      long overlaps = moved + ClassBoxes.COLUMNS * column;
      long left = overlaps + column;
      long numbers = left + column;
      ClassBoxes.move(boxes, labels, count, moved);
      for (int i = 0; 4L * i < column; i++) {
        Memory.setFloat(
            left + 4L * i, i < count ? Memory.getFloat(scores + 4L * i) : Float.NEGATIVE_INFINITY);
        Memory.setInt(numbers + 4L * i, i);
      }
      int selected = 0;
      int places = count;
      int taken = 0;
      long length = column;
      float highest = dropAndFindHighest(left, length, op.scoreThreshold());
      while (highest > op.scoreThreshold()) {
        if (4 * taken >= places) {
          places = closeRanks(moved, left, numbers, column, places);
          length = ClassBoxes.columnBytes(places);
          taken = 0;
        }
        int best = firstOf(highest, left, length);
        Memory.setFloat(keptScores + 4L * selected, highest);
        Memory.setInt(indices + 4L * selected, Memory.getInt(numbers + 4L * best));
        selected++;
        taken++;
        Memory.setFloat(left + 4L * best, Float.NEGATIVE_INFINITY);
        ClassBoxes.overlaps(moved, column, length, best, overlaps);
        if (op.decay() == Decay.GAUSSIAN) {
          decaySmoothly(left, overlaps, length, op.sigma());
        } else {
          decayAbove(left, overlaps, length, op.iouThreshold(), op.decay() == Decay.LINEAR);
        }
        highest = dropAndFindHighest(left, length, op.scoreThreshold());
      }
      Memory.setInt(kept, selected);
    }
  }

  /** Takes those out that are minus infinity; returns how many are left of {@code places}. */
  private static int closeRanks(long boxes, long left, long numbers, long column, int places) {
    int next = 0;
    for (int i = 0; i < places; i++) {
      float score = Memory.getFloat(left + 4L * i);
      if (score == Float.NEGATIVE_INFINITY) {
        continue;
      }
      for (int c = 0; c < ClassBoxes.COLUMNS; c++) {
        long at = boxes + c * column;
        Memory.setFloat(at + 4L * next, Memory.getFloat(at + 4L * i));
      }
      Memory.setFloat(left + 4L * next, score);
      Memory.setInt(numbers + 4L * next, Memory.getInt(numbers + 4L * i));
      next++;
    }
    for (int i = next; i < places; i++) {
      Memory.setFloat(left + 4L * i, Float.NEGATIVE_INFINITY);
    }
    return next;
  }

  /** Makes every score that is not above the threshold minus infinity; returns the highest. */
  private static float dropAndFindHighest(long left, long length, float threshold) {
    FloatVector gone = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
    FloatVector highest = gone;
    for (long i = 0; i < length; i += BYTES) {
      FloatVector score = FloatVector.fromMemorySegment(FLOATS, ALL, left + i, ORDER);
      score = gone.blend(score, score.compare(VectorOperators.GT, threshold));
      score.intoMemorySegment(ALL, left + i, ORDER);
      highest = highest.max(score);
    }
    return highest.reduceLanes(VectorOperators.MAX);
  }

  /** The place of the first score that is {@code score}; there is one. */
  private static int firstOf(float score, long left, long length) {
    long i = 0;
    while (i < length) {
      VectorMask<Float> same =
          FloatVector.fromMemorySegment(FLOATS, ALL, left + i, ORDER)
              .compare(VectorOperators.EQ, score);
      if (same.anyTrue()) {
        return (int) (i / Float.BYTES) + same.firstTrue();
      }
      i += BYTES;
    }
    throw new AssertionError("no score is " + score);
  }

  private static void decaySmoothly(long left, long overlaps, long length, float sigma) {
    for (long i = 0; i < length; i += BYTES) {
      FloatVector iou = FloatVector.fromMemorySegment(FLOATS, ALL, overlaps + i, ORDER);
      iou.mul(iou).neg().div(sigma).intoMemorySegment(ALL, overlaps + i, ORDER);
    }
    Exponential.write(overlaps, overlaps, (int) (length / 4), 1, 0, 0);
    for (long i = 0; i < length; i += BYTES) {
      FloatVector.fromMemorySegment(FLOATS, ALL, left + i, ORDER)
          .mul(FloatVector.fromMemorySegment(FLOATS, ALL, overlaps + i, ORDER))
          .intoMemorySegment(ALL, left + i, ORDER);
    }
  }

  private static void decayAbove(
      long left, long overlaps, long length, float threshold, boolean linear) {
    FloatVector one = FloatVector.broadcast(FLOATS, 1.0f);
    FloatVector zero = FloatVector.zero(FLOATS);
    for (long i = 0; i < length; i += BYTES) {
      FloatVector iou = FloatVector.fromMemorySegment(FLOATS, ALL, overlaps + i, ORDER);
      FloatVector factor =
          one.blend(linear ? one.sub(iou) : zero, iou.compare(VectorOperators.GT, threshold));
      FloatVector.fromMemorySegment(FLOATS, ALL, left + i, ORDER)
          .mul(factor)
          .intoMemorySegment(ALL, left + i, ORDER);
    }
  }
}
