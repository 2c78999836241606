package dev.detr4j.train.head;

import dev.detr4j.train.random.CounterRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Makes the tensors of class heads for other classes, by the names of Hugging Face files.
 *
 * <p>New rows begin as in the originals: weights uniform within {@code 1 / sqrt(width)}, PyTorch's
 * default; the bias of Deformable DETR is {@code -log((1 - 0.01) / 0.01)}, so that every class
 * begins at a probability of 0.01; that of DETR is uniform like the weights. DETR's last row, for
 * no object, is the old one: it is the best trained. Of the head that chooses the proposals of
 * two-stage models, row 0 stays whatever the classes are: the choice reads column 0, and means an
 * object of any class. The numbers are functions of the seed and the name, and no two heads are
 * equal: transformers would tie equal ones.
 */
public final class NewHeads {
  /** {@code -log((1 - 0.01) / 0.01)}. */
  public static final float PRIOR_BIAS = (float) -Math.log((1 - 0.01) / 0.01);

  private static final long ROWS = 0x6865_6164_73L;
  private static final Pattern FOCAL =
      Pattern.compile("(?:model\\.decoder\\.)?class_embed\\.(\\d+)\\.(weight|bias)");
  private static final Pattern SOFTMAX = Pattern.compile("class_labels_classifier\\.(weight|bias)");

  private final ClassMap map;
  private final int proposals;
  private final long seed;

  /**
   * For one starting model.
   *
   * @param proposals the number of the class head that chooses proposals, which is the number of
   *     decoder layers; -1 for a model without proposals
   */
  public NewHeads(ClassMap map, int proposals, long seed) {
    this.map = map;
    this.proposals = proposals;
    this.seed = seed;
  }

  /** Whether a tensor belongs to a class head. */
  public static boolean isClassHead(String name) {
    return FOCAL.matcher(name).matches() || SOFTMAX.matcher(name).matches();
  }

  /** The rows of a head after the change. */
  public int rows(String name) {
    return map.classes().size() + (SOFTMAX.matcher(name).matches() ? 1 : 0);
  }

  /**
   * One tensor of a class head.
   *
   * @param name of a tensor for which {@link #isClassHead} holds
   * @param old its values, {@code [rows, width]} or {@code [rows]}
   * @param width of a row; 1 for a bias
   * @param headWidth of the weight of this head
   * @return {@code [rows(name), width]}
   */
  public float[] remade(String name, float[] old, int width, int headWidth) {
    Matcher focal = FOCAL.matcher(name);
    boolean softmax = SOFTMAX.matcher(name).matches();
    if (!softmax && !focal.matches()) {
      throw new IllegalArgumentException(name + " is not a tensor of a class head");
    }
    int oldRows = map.oldClasses() + (softmax ? 1 : 0);
    if (old.length != oldRows * width) {
      throw new IllegalArgumentException(
          "%s has %d values, expected %d rows of %d".formatted(name, old.length, oldRows, width));
    }
    boolean chooses = !softmax && Integer.parseInt(focal.group(1)) == proposals;
    boolean bias = name.endsWith(".bias");
    float[] made = new float[rows(name) * width];
    CounterRandom random = new CounterRandom(seed, ROWS, CounterRandom.key(name));
    double bound = 1 / Math.sqrt(headWidth);
    for (int row = 0; row < rows(name); row++) {
      int from = oldRow(row, softmax, chooses);
      for (int i = 0; i < width; i++) {
        // Drawn for kept rows too: what one class gets does not depend on the others.
        double drawn = random.between(-bound, bound);
        made[row * width + i] =
            from >= 0 ? old[from * width + i] : bias && !softmax ? PRIOR_BIAS : (float) drawn;
      }
    }
    return made;
  }

  private int oldRow(int row, boolean softmax, boolean chooses) {
    if (map.isIdentity()) {
      return row;
    }
    if (chooses) {
      return row == 0 ? 0 : -1;
    }
    return softmax && row == map.classes().size() ? map.oldClasses() : map.oldRow().get(row);
  }
}
