package dev.detr4j.cli;

import picocli.CommandLine.Help.Ansi;

/**
 * What is known about where text goes. The launcher says so in system properties, because the JVM
 * sees a pipe where the launcher filters.
 */
final class Terminal {
  private Terminal() {}

  /** Whether standard error is a terminal, so that a progress line is of use. */
  static boolean errorIsTerminal() {
    return Boolean.getBoolean("detr4j.terminal");
  }

  /** Whether standard output is a terminal, so that a progress line would get between results. */
  static boolean outputIsTerminal() {
    return Boolean.getBoolean("detr4j.terminal.out");
  }

  /** Colours on standard output: only on a terminal, and not where the user wants none. */
  static Ansi colours() {
    boolean wanted =
        outputIsTerminal()
            && System.getenv("NO_COLOR") == null
            && !"dumb".equals(System.getenv("TERM"));
    return wanted ? Ansi.ON : Ansi.OFF;
  }

  /** Text from outside as one line without control characters, fit for a terminal. */
  static String printable(String text) {
    StringBuilder line = new StringBuilder(text.length());
    text.codePoints()
        .forEach(c ->
            line.appendCodePoint(
                Character.isISOControl(c)
                        || Character.getType(c) == Character.FORMAT
                        || Character.getType(c) == Character.LINE_SEPARATOR
                        || Character.getType(c) == Character.PARAGRAPH_SEPARATOR
                    ? '?'
                    : c));
    return line.toString();
  }
}
