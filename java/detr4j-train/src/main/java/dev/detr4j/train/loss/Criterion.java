package dev.detr4j.train.loss;

import dev.detr4j.train.loss.CriterionOptions.Cardinality;
import dev.detr4j.train.loss.LayerOutput.Stage;
import dev.detr4j.train.match.BoxOverlap;
import dev.detr4j.train.match.Matcher;
import dev.detr4j.train.match.NotFiniteException;
import dev.detr4j.train.match.Targets;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The set loss of the DETR family: every layer is matched anew, then class, L1 and GIoU losses of
 * all layers are summed (Carion et al. 2020; Zhu et al. 2021; the proposals of two-stage models
 * against targets of class 0, as Deformable DETR does).
 *
 * <p>Inputs and gradients are float32, arithmetic is double. Work space is kept; a call makes the
 * objects of its result and nothing that grows with the sizes. Not thread-safe.
 */
public final class Criterion {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private final CriterionOptions options;
  private final Matcher matcher;
  private final BoxOverlap overlap;
  private int[] labelOfQuery = new int[0];
  private int[] zeros = new int[0];
  private double boxSum;
  private double giouSum;
  private int matched;
  private int correct;

  /** Makes a criterion; it holds no native memory. */
  public Criterion(CriterionOptions options) {
    this.options = options;
    matcher = new Matcher(options.cost());
    overlap = new BoxOverlap(options.cost().overlap());
  }

  /** What it computes. */
  public CriterionOptions options() {
    return options;
  }

  /** Whether a layer has losses: the last one always, others as the options say. */
  public boolean wants(Stage stage) {
    return stage.equals(Stage.LAST)
        || (stage.equals(Stage.ENCODER) ? options.encoder() : options.auxiliary());
  }

  /**
   * Computes the losses of some images of a batch and writes the gradients of their weighted sum.
   *
   * @param layers each one that {@link #wants} names; the gradients of another one are set to 0 and
   *     it has no entry in the result
   * @param images the targets of the images in the segments, in their order
   * @param counts of the whole batch, of which {@code images} may be a part
   * @throws NotFiniteException for predictions or losses that are NaN or infinite, naming layer and
   *     image; gradients are then undefined
   */
  public LossValues compute(List<LayerOutput> layers, List<Targets> images, BatchCounts counts) {
    List<LayerLosses> losses = new ArrayList<>(layers.size());
    double total = 0;
    for (LayerOutput layer : layers) {
      if (layer.images() != images.size()) {
        throw new IllegalArgumentException(
            "%s has %d images, targets are of %d"
                .formatted(layer.stage(), layer.images(), images.size()));
      }
      if (!wants(layer.stage())) {
        layer.logitGradient().fill((byte) 0);
        layer.boxGradient().fill((byte) 0);
        continue;
      }
      LayerLosses values = layer(layer, images, counts);
      total +=
          options.classWeight() * values.classes()
              + options.boxWeight() * values.boxes()
              + options.giouWeight() * values.giou();
      losses.add(values);
    }
    return new LossValues(total, losses);
  }

  private LayerLosses layer(LayerOutput layer, List<Targets> images, BatchCounts counts) {
    int queries = layer.queries();
    int classes = layer.classes();
    double denominator =
        options.isFocal() ? counts.boxes() : counts.classWeights(options.noObjectWeight());
    double classFactor = options.classWeight() / denominator;
    if (labelOfQuery.length < queries) {
      labelOfQuery = new int[queries];
    }
    layer.boxGradient().fill((byte) 0);
    boxSum = 0;
    giouSum = 0;
    matched = 0;
    correct = 0;
    double classSum = 0;
    double cardinality = 0;
    for (int i = 0; i < images.size(); i++) {
      Targets targets = images.get(i);
      MemorySegment logits = slice(layer.logits(), i, queries, classes);
      MemorySegment logitGradient = slice(layer.logitGradient(), i, queries, classes);
      MemorySegment boxes = slice(layer.boxes(), i, queries, 4);
      MemorySegment boxGradient = slice(layer.boxGradient(), i, queries, 4);
      int[] labels = labels(layer.stage(), targets);
      matcher.match(logits, boxes, queries, classes, targets, labels, layer.stage().toString(), i);
      double boxesBefore = boxSum + giouSum;
      Arrays.fill(labelOfQuery, 0, queries, -1);
      for (int t = 0; t < targets.count(); t++) {
        int query = matcher.queryOf(t);
        if (query >= 0) {
          labelOfQuery[query] = labels[t];
          matched++;
          correct += largest(logits, query, classes) == labels[t] ? 1 : 0;
          boxLosses(boxes, boxGradient, query, targets, t, counts.boxes());
        }
      }
      double classLoss =
          options.isFocal()
              ? ClassLoss.focal(
                  logits,
                  logitGradient,
                  queries,
                  classes,
                  labelOfQuery,
                  options.alpha(),
                  classFactor)
              : ClassLoss.crossEntropy(
                  logits,
                  logitGradient,
                  queries,
                  classes,
                  labelOfQuery,
                  options.noObjectWeight(),
                  classFactor);
      classSum += classLoss;
      if (!Double.isFinite(classLoss)) {
        throw notFinite(layer.stage(), i, "class", classLoss);
      }
      if (!Double.isFinite(boxSum + giouSum)) {
        throw notFinite(layer.stage(), i, "box", boxSum + giouSum - boxesBefore);
      }
      cardinality += Math.abs(predicted(logits, queries, classes) - targets.count());
    }
    return new LayerLosses(
        layer.stage(),
        classSum / denominator,
        boxSum / counts.boxes(),
        giouSum / counts.boxes(),
        options.cardinality() == Cardinality.NONE ? Double.NaN : cardinality / counts.images(),
        matched,
        correct);
  }

  private static NotFiniteException notFinite(Stage stage, int image, String loss, double value) {
    return new NotFiniteException(
        stage.toString(), image, "the %s loss is %s".formatted(loss, value));
  }

  private static MemorySegment slice(MemorySegment all, int image, int queries, int width) {
    long bytes = 4L * queries * width;
    return all.asSlice(image * bytes, bytes);
  }

  /** Proposals tell objects from background, whatever their class. */
  private int[] labels(Stage stage, Targets targets) {
    if (!stage.equals(Stage.ENCODER)) {
      return targets.labels();
    }
    if (zeros.length < targets.count()) {
      zeros = new int[targets.count()];
    }
    return zeros;
  }

  private void boxLosses(
      MemorySegment boxes,
      MemorySegment gradient,
      int query,
      Targets targets,
      int target,
      double denominator) {
    long at = 16L * query;
    float[] wanted = targets.boxes();
    double giou =
        overlap.valueAndGradient(
            boxes.get(FLOAT, at),
            boxes.get(FLOAT, at + 4),
            boxes.get(FLOAT, at + 8),
            boxes.get(FLOAT, at + 12),
            wanted[4 * target],
            wanted[4 * target + 1],
            wanted[4 * target + 2],
            wanted[4 * target + 3]);
    giouSum += 1 - giou;
    for (int part = 0; part < 4; part++) {
      double apart = (double) boxes.get(FLOAT, at + 4L * part) - wanted[4 * target + part];
      boxSum += Math.abs(apart);
      double slope =
          options.boxWeight() * Math.signum(apart) - options.giouWeight() * overlap.gradient(part);
      gradient.set(FLOAT, at + 4L * part, (float) (slope / denominator));
    }
  }

  private int predicted(MemorySegment logits, int queries, int classes) {
    int objects = 0;
    for (int q = 0; q < queries; q++) {
      int largest = largest(logits, q, classes);
      boolean object =
          switch (options.cardinality()) {
            case NONE -> false;
            // A sigmoid is above one half where its logit is above 0.
            case SIGMOID -> logits.get(FLOAT, 4L * ((long) q * classes + largest)) > 0;
            case NOT_LAST -> largest != classes - 1;
          };
      objects += object ? 1 : 0;
    }
    return objects;
  }

  /** The column of the largest logit, the first of equal ones. */
  private static int largest(MemorySegment logits, int query, int classes) {
    long row = 4L * query * classes;
    int best = 0;
    float most = logits.get(FLOAT, row);
    for (int c = 1; c < classes; c++) {
      float value = logits.get(FLOAT, row + 4L * c);
      if (value > most) {
        most = value;
        best = c;
      }
    }
    return best;
  }
}
