package dev.detr4j.image;

/** What to do with the orientation that a camera noted in EXIF data. */
public enum Orientation {
  /**
   * Pixels as they are stored; Pillow and so the Hugging Face processors do this when given a file.
   */
  IGNORE,
  /** Turn and mirror the pixels as the note says, so that the picture stands upright. */
  APPLY
}
