package dev.detr4j.cli;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The name that a mistyped word probably stands for. Stateless.
 *
 * <p>picocli ranks names by their likeness to a word, but it does so for subcommands only; of
 * options it compares the first two letters. Every kind of name therefore passes as a subcommand
 * here. picocli's first name may still have little to do with the word, and is dropped then.
 */
final class Suggestion {
  private Suggestion() {}

  /** The name that is most like the word, or null where none is like it. */
  static @Nullable String among(String word, Collection<String> names) {
    CommandLine all = new CommandLine(CommandSpec.create());
    new TreeSet<>(names)
        .forEach(name -> all.addSubcommand(name, new CommandLine(CommandSpec.create())));
    return new UnmatchedArgumentException(all, List.of(word))
        .getSuggestions().stream().filter(name -> isLike(word, name)).findFirst().orElse(null);
  }

  /** Whether one holds the other, or two thirds of the letters are the same. */
  private static boolean isLike(String word, String name) {
    String a = word.toLowerCase(Locale.ROOT);
    String b = name.toLowerCase(Locale.ROOT);
    if (a.length() > 2 && (a.contains(b) || b.contains(a))) {
      return true;
    }
    StringBuilder left = new StringBuilder(b);
    for (int i = 0; i < a.length(); i++) {
      int place = left.indexOf(a.substring(i, i + 1));
      if (place >= 0) {
        left.deleteCharAt(place);
      }
    }
    return 3 * (b.length() - left.length()) >= 2 * Math.max(a.length(), b.length());
  }
}
