package dev.detr4j.train.finetune;

import dev.detr4j.backend.host.FreeMemory;
import dev.detr4j.image.PixelSize;
import dev.detr4j.train.TrainingException;
import java.util.Locale;

/**
 * What a run needs outside the heap.
 *
 * @param held already
 * @param needed at its largest batch, what is held included
 * @param free of the machine or container besides; -1 where that is not known
 * @param canvas of the largest batch
 */
record MemoryNeed(long held, long needed, long free, PixelSize canvas) {
  static MemoryNeed of(long held, long needed, PixelSize canvas) {
    return new MemoryNeed(held, needed, FreeMemory.bytes(), canvas);
  }

  /**
   * Ends the start where the memory does not suffice.
   *
   * @param recompute whether layers are computed anew already
   */
  MemoryNeed check(boolean recompute) {
    if (free >= 0 && needed - held > free) {
      throw new TrainingException(
          "a step on %s pixels needs %s of memory, and %s are free; %sa smaller or more frozen model, or smaller images (--augmentation light) need less"
              .formatted(
                  canvas, amount(needed), amount(held + free), recompute ? "" : "--recompute, "));
    }
    return this;
  }

  @Override
  public String toString() {
    return "%s at %s pixels%s"
        .formatted(amount(needed), canvas, free < 0 ? "" : ", " + amount(held + free) + " free");
  }

  private static String amount(long bytes) {
    return bytes < 1L << 30
        ? String.format(Locale.ROOT, "%d MiB", (bytes >> 20) + 1)
        : String.format(Locale.ROOT, "%.1f GiB", bytes / (double) (1 << 30));
  }
}
