package dev.detr4j.checkpoint.pickle;

/**
 * A pickle is malformed, too large, or uses what is not supported. The message may quote the file
 * as it stands; whoever shows it makes it one printable line.
 */
public final class PickleException extends Exception {
  private static final long serialVersionUID = 1L;

  public PickleException(String message) {
    super(message);
  }
}
