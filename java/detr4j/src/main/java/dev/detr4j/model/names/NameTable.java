package dev.detr4j.model.names;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The tensor names of one project as a table, a text file beside the model family; the README of
 * this package's resources says what a line means. Immutable and thread-safe.
 */
public final class NameTable {
  private static final Pattern LINE = Pattern.compile("(-|[\\w.#%*]+)((?:\\s+[\\w.#%*@/]+)+)");
  private static final Pattern PLACEHOLDER = Pattern.compile("[#%*]");
  private static final Pattern BLOCK = Pattern.compile("(.+)@(\\d)/(\\d)");

  /** A canonical tensor and the templates of its names in the file. */
  private record Row(
      Pattern canonical, String placeholders, List<String> inFile, TensorNames.RowBlock rows) {}

  private final List<Row> rows = new ArrayList<>();
  private final List<Pattern> unused = new ArrayList<>();

  private NameTable(String name, String text) {
    for (String line : text.lines().toList()) {
      if (line.isBlank() || line.startsWith("#")) {
        continue;
      }
      Matcher parts = LINE.matcher(line);
      if (!parts.matches()) {
        throw new IllegalStateException("table " + name + " has the line " + line);
      }
      List<String> inFile = List.of(parts.group(2).strip().split("\\s+", -1));
      if (parts.group(1).equals("-")) {
        inFile.forEach(pattern -> unused.add(pattern(pattern)));
      } else {
        rows.add(row(parts.group(1), inFile));
      }
    }
  }

  /**
   * Reads a table.
   *
   * @param beside a class of the package whose resource it is
   * @param file its name there
   */
  public static NameTable of(Class<?> beside, String file) {
    try (InputStream in = beside.getResourceAsStream(file)) {
      if (in == null) {
        throw new IllegalArgumentException("there is no " + file + " beside " + beside.getName());
      }
      return new NameTable(file, new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(file, e);
    }
  }

  private static Row row(String canonical, List<String> inFile) {
    TensorNames.RowBlock block = TensorNames.RowBlock.ALL;
    List<String> templates = new ArrayList<>();
    for (String template : inFile) {
      Matcher matcher = BLOCK.matcher(template);
      if (matcher.matches()) {
        block =
            new TensorNames.RowBlock(
                Integer.parseInt(matcher.group(2)), Integer.parseInt(matcher.group(3)));
      }
      templates.add(matcher.matches() ? matcher.group(1) : template);
    }
    StringBuilder placeholders = new StringBuilder();
    PLACEHOLDER.matcher(canonical).results().forEach(each -> placeholders.append(each.group()));
    return new Row(pattern(canonical), placeholders.toString(), List.copyOf(templates), block);
  }

  private static Pattern pattern(String template) {
    Matcher placeholder = PLACEHOLDER.matcher(template);
    StringBuilder regex = new StringBuilder();
    int from = 0;
    while (placeholder.find()) {
      regex.append(Pattern.quote(template.substring(from, placeholder.start())));
      regex.append(placeholder.group().equals("*") ? "(.*)" : "(\\d{1,4})");
      from = placeholder.end();
    }
    return Pattern.compile(regex.append(Pattern.quote(template.substring(from))).toString());
  }

  /**
   * The names in the file.
   *
   * @param tiedCopies how many copies of a head are one layer; 0 when each is its own
   */
  public List<String> inFile(String canonicalName, int tiedCopies) {
    Match match = find(canonicalName);
    if (match == null) {
      return List.of();
    }
    List<String> names = new ArrayList<>();
    for (String template : match.row.inFile) {
      if (tiedCopies == 0 || template.indexOf('%') < 0) {
        names.add(match.fill(template, -1));
      } else {
        // Predictions come from the last decoder layer, so its copy goes first.
        for (int copy = tiedCopies - 1; copy >= 0; copy--) {
          names.add(match.fill(template, copy));
        }
      }
    }
    return List.copyOf(names);
  }

  /** Which rows of the stored tensor a canonical one is. */
  public TensorNames.RowBlock rows(String canonicalName) {
    Match match = find(canonicalName);
    return match == null ? TensorNames.RowBlock.ALL : match.row.rows;
  }

  /** Whether a name of the file is one that inference has no use for. */
  boolean unused(String fileName) {
    return unused.stream().anyMatch(pattern -> pattern.matcher(fileName).matches());
  }

  private @Nullable Match find(String canonicalName) {
    for (Row row : rows) {
      Matcher matcher = row.canonical.matcher(canonicalName);
      if (matcher.matches()) {
        return new Match(row, matcher);
      }
    }
    return null;
  }

  private record Match(Row row, Matcher values) {
    /** Replaces each placeholder by the next value of its kind; {@code copy >= 0} replaces %. */
    String fill(String template, int copy) {
      StringBuilder name = new StringBuilder();
      int[] next = new int[128];
      for (int i = 0; i < template.length(); i++) {
        char c = template.charAt(i);
        if (c != '#' && c != '%' && c != '*') {
          name.append(c);
        } else if (c == '%' && copy >= 0) {
          name.append(copy);
        } else {
          int group = -1;
          for (int n = 0; n <= next[c]; n++) {
            group = row.placeholders.indexOf(c, group + 1);
          }
          next[c]++;
          name.append(values.group(group + 1));
        }
      }
      return name.toString();
    }
  }
}
