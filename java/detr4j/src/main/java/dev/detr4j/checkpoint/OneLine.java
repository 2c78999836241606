package dev.detr4j.checkpoint;

/** Makes text from a file fit for an error message: one printable line of bounded length. */
final class OneLine {
  private static final int LONGEST = 160;

  private OneLine() {}

  static String of(String text) {
    StringBuilder line = new StringBuilder(Math.min(text.length(), LONGEST) + 1);
    for (int i = 0; i < text.length() && i < LONGEST; i++) {
      char c = text.charAt(i);
      line.append(Character.isISOControl(c) || Character.getType(c) == Character.FORMAT ? '?' : c);
    }
    return text.length() > LONGEST ? line.append('…').toString() : line.toString();
  }
}
