package dev.detr4j.evaluation;

/**
 * One way in which an annotation file differs from COCO's format, and is read all the same, with
 * the numbers that pycocotools gives.
 *
 * @param kind what differs
 * @param count how often
 * @param first the first of them: its place in the file and what stands there, on one line
 */
public record Oddity(Kind kind, long count, String first) {
  /** What differs. */
  public enum Kind {
    /** An id of an image, a class or an annotation that is a text or null. */
    ID_NOT_A_NUMBER("ids that are not numbers"),
    /** A number that is an id and not a whole number of 64 bits. */
    ID_NOT_64_BIT("ids that are not 64-bit integers"),
    /** An annotation whose image is not among the images: it does not count. */
    UNLISTED_IMAGE("annotations of unlisted images, left out"),
    /** An annotation whose class is not among the classes: it does not count. */
    UNLISTED_CATEGORY("annotations of unlisted classes, left out"),
    /** A class whose name is not a text. */
    NAME_NOT_TEXT("class names that are not text"),
    /** An image whose file name is not a text. */
    FILE_NAME_NOT_TEXT("file names that are not text"),
    /** A width or height that is not a whole number of pixels. */
    SIZE_NOT_PIXELS("image sizes that are not whole numbers"),
    /** A coordinate that is a number in a text. */
    COORDINATE_AS_TEXT("boxes with coordinates as text"),
    /** A box with a negative width or height: nothing can overlap it. */
    NEGATIVE_SIZE("boxes of negative size"),
    /** A negative area: the object counts in no range of sizes. */
    NEGATIVE_AREA("negative areas");

    private final String words;

    Kind(String words) {
      this.words = words;
    }

    /** What the count counts, for a message. */
    public String words() {
      return words;
    }
  }

  /** Kind, count and first example, for a message. */
  @Override
  public String toString() {
    return kind.words() + ": " + count + " (first: " + first + ")";
  }
}
