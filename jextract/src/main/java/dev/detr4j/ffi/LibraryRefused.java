package dev.detr4j.ffi;

/**
 * One library file that cannot be used; the message is one line that names the file and the reason.
 */
final class LibraryRefused extends Exception {
  private static final long serialVersionUID = 1L;

  /** What kept the file from being used. */
  enum Stage {
    /** It could not be written or opened here; the same bytes may do elsewhere. */
    PLACE,
    /** Its content is not what the bindings expect, wherever it lies. */
    CONTENT
  }

  private final Stage stage;

  LibraryRefused(Stage stage, String message) {
    super(message);
    this.stage = stage;
  }

  LibraryRefused(Stage stage, String message, Throwable cause) {
    super(message, cause);
    this.stage = stage;
  }

  Stage stage() {
    return stage;
  }
}
