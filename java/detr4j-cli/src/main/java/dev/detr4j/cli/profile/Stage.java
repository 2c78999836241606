package dev.detr4j.cli.profile;

/** The parts of a detector that its steps belong to, in the order in which they run. */
enum Stage {
  PREPROCESSING("preprocessing", "preprocess"),
  BACKBONE("backbone", "backbone"),
  INPUT_PROJECTIONS("input projections", "input_proj", "input_projection"),
  ENCODER("encoder", "encoder"),
  PROPOSALS("proposals", "proposals"),
  DECODER("decoder", "decoder"),
  HEADS("heads", "class_embed", "bbox_embed", "class_head", "box_head", "boxes"),
  SELECTION("selection", "selection"),
  OTHER("other");

  private final String words;

  /** Between spaces. */
  private final String prefixes;

  Stage(String words, String... prefixes) {
    this.words = words;
    this.prefixes = " " + String.join(" ", prefixes) + " ";
  }

  /** The stage whose prefix a step's label has before its first dot. */
  static Stage of(String label) {
    int dot = label.indexOf('.');
    String first = dot < 0 ? label : label.substring(0, dot);
    for (Stage stage : values()) {
      if (stage.prefixes.contains(" " + first + " ")) {
        return stage;
      }
    }
    return OTHER;
  }

  /** In words, as in {@code input projections}. */
  String words() {
    return words;
  }
}
