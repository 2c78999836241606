package dev.detr4j.checkpoint;

/** Makes text from a file fit for an error message: one printable line of bounded length. */
final class OneLine {
  private static final int LONGEST = 160;

  private OneLine() {}

  static String of(String text) {
    return of(text, LONGEST);
  }

  static String of(String text, int longest) {
    StringBuilder line = new StringBuilder(Math.min(text.length(), longest) + 1);
    for (int i = 0; i < text.length() && i < longest; i++) {
      char c = text.charAt(i);
      line.append(Character.isISOControl(c) || Character.getType(c) == Character.FORMAT ? '?' : c);
    }
    return text.length() > longest ? line.append('…').toString() : line.toString();
  }
}
