package dev.detr4j.backend.cuda;

import dev.detr4j.op.LevelShape;
import java.util.List;

/**
 * Height, width and first token of each feature level, as kernels of deformable attention read it.
 */
final class LevelTable {
  private LevelTable() {}

  static int[] of(List<LevelShape> levels) {
    int[] table = new int[3 * levels.size()];
    int first = 0;
    for (int i = 0; i < levels.size(); i++) {
      LevelShape level = levels.get(i);
      table[3 * i] = level.height();
      table[3 * i + 1] = level.width();
      table[3 * i + 2] = first;
      first += level.cells();
    }
    return table;
  }
}
