package dev.detr4j.bench.kernel;

import dev.detr4j.op.LevelShape;
import java.util.List;

/** The feature levels of a deformable encoder of strides 8 to 64. */
final class EncoderShape {
  private static final List<LevelShape> REAL =
      List.of(
          new LevelShape(100, 134),
          new LevelShape(50, 67),
          new LevelShape(25, 34),
          new LevelShape(13, 17));
  private static final List<LevelShape> SMALL =
      List.of(
          new LevelShape(9, 13), new LevelShape(5, 7), new LevelShape(3, 4), new LevelShape(2, 2));

  private EncoderShape() {}

  static List<LevelShape> levels(CaseSize size) {
    return size == CaseSize.REAL ? REAL : SMALL;
  }

  /** 17,821 in an image of 800x1066. */
  static int tokens(CaseSize size) {
    return LevelShape.tokens(levels(size));
  }

  /** The centre of each token's cell in 0..1 of its level: x, y of one token after another. */
  static float[] centres(CaseSize size) {
    float[] centres = new float[2 * tokens(size)];
    int at = 0;
    for (LevelShape level : levels(size)) {
      for (int y = 0; y < level.height(); y++) {
        for (int x = 0; x < level.width(); x++) {
          centres[at++] = (float) ((x + 0.5) / level.width());
          centres[at++] = (float) ((y + 0.5) / level.height());
        }
      }
    }
    return centres;
  }
}
