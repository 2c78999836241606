package dev.detr4j.postprocess;

/**
 * Soft non-maximum suppression (Bodla et al. 2017): instead of removing overlapping boxes, lower
 * their scores.
 *
 * <p>Again and again the box with the highest remaining score is taken and every remaining score is
 * multiplied by a decay of its overlap {@code u} (intersection over union) with the taken box:
 *
 * <table>
 * <caption>Decay</caption>
 * <tr><td>{@link Decay#GAUSSIAN}</td><td>{@code exp(-u * u / sigma)}</td></tr>
 * <tr><td>{@link Decay#LINEAR}</td><td>{@code u > overlapThreshold ? 1 - u : 1}</td></tr>
 * <tr><td>{@link Decay#HARD}</td><td>{@code u > overlapThreshold ? 0 : 1}</td></tr>
 * </table>
 *
 * <p>Boxes whose score is not strictly greater than {@code scoreThreshold} are dropped. Output is
 * in the order of taking, with decayed scores. All arithmetic is fp32 but the exponential, which is
 * computed in double and rounded.
 *
 * <p>The two {@link Flavour}s follow birder's two implementations. They agree on ordinary input and
 * differ in corners.
 *
 * <p>Holds scratch memory for {@code capacity} boxes: for one thread at a time, nothing is
 * allocated per call. This class is the oracle of the backends' kernels.
 */
public final class SoftNms {
  /** How overlap lowers a score. */
  public enum Decay {
    /** Smoothly, by {@code sigma}. */
    GAUSSIAN,
    /** In proportion, beyond {@code overlapThreshold}. */
    LINEAR,
    /** To zero, beyond {@code overlapThreshold}. */
    HARD
  }

  /** Which of birder's implementations decides the corners. */
  public enum Flavour {
    /**
     * The PyTorch code: the first box taken is always output, even below the score threshold; the
     * union gets {@code + 1e-8} and an empty intersection is an overlap of 0; remaining boxes keep
     * their order, so ties go to the lower index; a NaN score is the highest, is output when it
     * comes first and is dropped afterwards.
     */
    PYTHON,
    /**
     * The C++ kernel: taking swaps the box with the one in its place, so ties go to the earlier
     * place, which need not be the lower index; the overlap of two boxes without area at one place
     * is NaN, and the later one is dropped; while a NaN is among the later scores nothing is
     * swapped; a box at or below the score threshold is dropped at the end.
     */
    NATIVE
  }

  /**
   * The settings of a suppression.
   *
   * @param sigma of the Gaussian; birder's detectors use 0.5
   * @param overlapThreshold of the other two, on intersection over union
   * @param scoreThreshold birder's detectors use 0.001
   */
  public record Settings(
      Decay decay, Flavour flavour, double sigma, double overlapThreshold, double scoreThreshold) {
    /** Gaussian decay with birder's sigma 0.5 and score threshold 0.001. */
    public static Settings gaussian(Flavour flavour) {
      return new Settings(Decay.GAUSSIAN, flavour, 0.5, 0.0, 0.001);
    }
  }

  private final Settings settings;
  private final float[] places;
  private final float[] areas;
  private final int[] indices;
  private final float[] remaining;

  /** Room for that many boxes. */
  public SoftNms(Settings settings, int capacity) {
    this.settings = settings;
    places = new float[4 * capacity];
    areas = new float[capacity];
    indices = new int[capacity];
    remaining = new float[capacity];
  }

  /**
   * Suppresses within each class, by birder's offsets: {@code label * (largest coordinate + 1)} is
   * added to the boxes of a class, in fp32.
   *
   * @param boxes corners {@code [count, 4]}: x min, y min, x max, y max
   * @param scores {@code [count]}
   * @param labels {@code [count]}, not negative
   * @param keep receives the indices of the output, in the order of taking
   * @param keptScores receives their decayed scores
   * @return how many there are
   */
  public int perClass(
      float[] boxes, float[] scores, int[] labels, int count, int[] keep, float[] keptScores) {
    ClassBands.move(boxes, labels, count, places);
    return suppress(scores, count, keep, keptScores);
  }

  /**
   * Suppresses among all boxes, whatever their class.
   *
   * @param boxes corners {@code [count, 4]}: x min, y min, x max, y max
   * @param scores {@code [count]}
   * @param keep receives the indices of the output, in the order of taking
   * @param keptScores receives their decayed scores
   * @return how many there are
   */
  public int acrossClasses(
      float[] boxes, float[] scores, int count, int[] keep, float[] keptScores) {
    System.arraycopy(boxes, 0, places, 0, 4 * count);
    return suppress(scores, count, keep, keptScores);
  }

  private int suppress(float[] scores, int count, int[] keep, float[] keptScores) {
    for (int i = 0; i < count; i++) {
      areas[i] = (places[4 * i + 2] - places[4 * i]) * (places[4 * i + 3] - places[4 * i + 1]);
      indices[i] = i;
      remaining[i] = scores[i];
    }
    return settings.flavour() == Flavour.PYTHON
        ? removing(count, keep, keptScores)
        : swapping(count, keep, keptScores);
  }

  /**
   * Taken and dropped boxes leave the list, which keeps its order; boxes themselves stay where they
   * are.
   */
  private int removing(int count, int[] keep, float[] keptScores) {
    float threshold = (float) settings.scoreThreshold();
    int left = count;
    int kept = 0;
    while (left > 0) {
      int top = 0;
      for (int i = 1; i < left && !Float.isNaN(remaining[top]); i++) {
        top = remaining[i] > remaining[top] || Float.isNaN(remaining[i]) ? i : top;
      }
      int taken = indices[top];
      keep[kept] = taken;
      keptScores[kept++] = remaining[top];
      int next = 0;
      for (int i = 0; i < left; i++) {
        float intersection = Nms.intersection(places, taken, indices[i]);
        float union = areas[taken] + areas[indices[i]] - intersection + 1e-8f;
        float score = remaining[i] * decay(intersection > 0f ? intersection / union : 0f);
        if (i != top && score > threshold) {
          remaining[next] = score;
          indices[next++] = indices[i];
        }
      }
      left = next;
    }
    return kept;
  }

  /**
   * Every place is filled in turn by the best of the later ones; what is too low is dropped at the
   * end.
   */
  private int swapping(int count, int[] keep, float[] keptScores) {
    for (int i = 0; i < count - 1; i++) {
      int best = i + 1;
      for (int j = i + 2; j < count && !Float.isNaN(remaining[best]); j++) {
        best = remaining[j] > remaining[best] || Float.isNaN(remaining[j]) ? j : best;
      }
      if (remaining[i] < remaining[best]) {
        float score = remaining[i];
        remaining[i] = remaining[best];
        remaining[best] = score;
        int index = indices[i];
        indices[i] = indices[best];
        indices[best] = index;
      }
      for (int j = i + 1; j < count; j++) {
        remaining[j] *= decay(Nms.overlap(places, areas, indices[i], indices[j]));
      }
    }
    float threshold = (float) settings.scoreThreshold();
    int kept = 0;
    for (int i = 0; i < count; i++) {
      if (remaining[i] > threshold) {
        keep[kept] = indices[i];
        keptScores[kept++] = remaining[i];
      }
    }
    return kept;
  }

  private float decay(float overlap) {
    return switch (settings.decay()) {
      case GAUSSIAN -> (float) Math.exp(-(overlap * overlap) / (float) settings.sigma());
      case LINEAR -> overlap > settings.overlapThreshold() ? 1f - overlap : 1f;
      case HARD -> overlap > settings.overlapThreshold() ? 0f : 1f;
    };
  }
}
