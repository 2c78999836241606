package dev.detr4j.train.fault;

/** One kind of thing that is wrong, or looks wrong, with data or settings. */
public enum Fault {
  NO_IMAGE(true, "there are no images"),
  NO_BOX(true, "no image has a box"),
  NO_VALIDATION(
      true, "the validation set is empty: name one, or split one off with --validation-share"),
  UNKNOWN_IMAGE(true, "annotations of an image that is not listed"),
  UNKNOWN_CLASS(true, "annotations of a class that does not exist"),
  VALIDATION_CLASS(true, "classes of the validation set that the training set does not have"),
  MALFORMED(true, "annotations that cannot be read"),
  NOT_A_NUMBER(true, "coordinates that are text, NaN or infinite"),
  OUTSIDE_UNIT(
      true,
      "coordinates outside 0..1: the format wants fractions of the image; these are pixels, or"
          + " centres and corners are mixed up"),
  SAME_CLASS_NAME(true, "classes with the name of another one"),
  SAME_FILE(true, "images with the file of another one"),
  FILE_MISSING(true, "image files that are missing"),
  FILE_UNREADABLE(true, "image files that cannot be read"),
  OTHER_SIZE(true, "images of another size than their annotations state"),
  IN_BOTH(true, "pictures that are in training and in validation"),
  HEAD_CONTRADICTS(true, "the model's classes are not those of the data"),
  OUTPUT_TAKEN(
      true,
      "the output folder holds a model, and no state of the run that made it: name another folder,"
          + " or begin anew with --restart"),

  LEAVES_PICTURE(
      false,
      "more than 5 % of the boxes leave their picture: [x1, y1, x2, y2] in place of [x, y, width,"
          + " height]?"),
  CLIPPED(false, "boxes clipped at the border of their picture"),
  NO_AREA(false, "boxes without area, left out"),
  NEGATIVE_SIZE(false, "boxes of negative size, left out"),
  CROWD(false, "crowds, left out of training and ignored in evaluation"),
  DIFFICULT(false, "objects marked as difficult, trained like the others"),
  TINY(false, "boxes under 4 pixels at the model's input size"),
  TOO_MANY(false, "images with more objects than the model has queries: the rest is ignored"),
  FEW_BOXES(false, "classes with fewer than 10 boxes"),
  NONE_IN_VALIDATION(false, "classes without a box in validation"),
  IMBALANCE(false, "the most frequent class has more than 100 times the boxes of the rarest"),
  ID_GAPS(false, "class ids with gaps; they are numbered anew from 0"),
  GROUP_CLASS(false, "classes that no box uses and that only name a group of others, left out"),
  NO_OBJECTS(false, "images without objects; they stay, as examples of background"),
  DUPLICATE(false, "boxes that another one of their class covers (IoU above 0.95)"),
  OTHER_AREA(false, "areas that do not fit their boxes"),
  UNUSUAL_PIXELS(false, "images that are grey, of 16 bits, CMYK or transparent"),
  ELONGATED(false, "images whose shape the model's fixed input distorts more than twice"),
  OTHER_SIZES(false, "training and validation images differ in size more than twice"),
  ONE_CORNER(false, "all boxes lie in one quarter of their picture"),
  WHOLE_PICTURE(false, "nearly all boxes cover their whole picture"),
  WITHOUT_DROPOUT(
      false,
      "the recipe's project trains with dropout, which detr4j has not yet: steps go without");

  private final boolean error;
  private final String words;

  Fault(boolean error, String words) {
    this.error = error;
    this.words = words;
  }

  /** Whether training does not begin with it. */
  public boolean isError() {
    return error;
  }

  /** What it is, for a message. */
  public String words() {
    return words;
  }
}
