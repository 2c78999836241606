package dev.detr4j.op;

import java.util.List;

/** The extents of one feature level in cells. */
public record LevelShape(int height, int width) {
  /** Cells of this level. */
  public int cells() {
    return height * width;
  }

  /** Cells of all levels: the length of the token sequence that joins them. */
  public static int tokens(List<LevelShape> levels) {
    int tokens = 0;
    for (LevelShape level : levels) {
      tokens += level.cells();
    }
    return tokens;
  }
}
