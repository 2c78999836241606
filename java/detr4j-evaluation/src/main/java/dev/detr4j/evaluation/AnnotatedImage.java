package dev.detr4j.evaluation;

/**
 * An image of an annotation file.
 *
 * @param fileName its name below the folder of images; empty when the file names none
 * @param width pixels, or 0 when the file does not say
 * @param height pixels, or 0 when the file does not say
 */
public record AnnotatedImage(CocoId id, String fileName, int width, int height) {
  /** An image with an id that COCO has. */
  public AnnotatedImage(long id, String fileName, int width, int height) {
    this(CocoId.of(id), fileName, width, height);
  }
}
