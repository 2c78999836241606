package dev.detr4j.bench.train;

import dev.detr4j.bench.peer.FormulaPixels;
import dev.detr4j.train.match.Targets;
import dev.detr4j.train.recipe.Freezing;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What is trained in a step: a model folder of Hugging Face's and a batch by formula, which {@code
 * peers/python/torch_trainer.py} makes too. Every image has the same pixels and boxes of its own.
 *
 * @param batch images of a step
 * @param freezing what does not learn
 */
record TrainingCase(Path model, int height, int width, int batch, Freezing freezing) {
  /** Boxes of an image. */
  static final int BOXES = 6;

  private static final double GOLDEN = 0.6180339887498949;

  /** The words of the command line. */
  static Freezing freezing(String word) {
    return switch (word) {
      case "all" -> Freezing.NOTHING;
      case "no-backbone" -> Freezing.BACKBONE;
      default ->
          throw new IllegalStateException("--train is all or no-backbone, got \"" + word + "\"");
    };
  }

  /** The word of the command line. */
  String trained() {
    return freezing == Freezing.BACKBONE ? "no-backbone" : "all";
  }

  /** The pixels of every image. */
  FormulaPixels pixels() {
    return FormulaPixels.of(height, width);
  }

  /** The boxes of each image. */
  List<Targets> targets(int classes) {
    List<Targets> targets = new ArrayList<>();
    for (int image = 0; image < batch; image++) {
      int[] labels = new int[BOXES];
      float[] boxes = new float[4 * BOXES];
      for (int i = 0; i < BOXES; i++) {
        int n = image * BOXES + i;
        labels[i] = n % classes;
        boxes[4 * i] = (float) (0.3 + 0.4 * fraction(4 * n + 1));
        boxes[4 * i + 1] = (float) (0.3 + 0.4 * fraction(4 * n + 2));
        boxes[4 * i + 2] = (float) (0.1 + 0.3 * fraction(4 * n + 3));
        boxes[4 * i + 3] = (float) (0.1 + 0.3 * fraction(4 * n + 4));
      }
      targets.add(new Targets(labels, boxes));
    }
    return targets;
  }

  private static double fraction(int n) {
    return n * GOLDEN % 1;
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%s, batch of %d, %d x %d, trained: %s",
        model.getFileName(),
        batch,
        height,
        width,
        trained());
  }
}
