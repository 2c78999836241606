package dev.detr4j.serve;

import dev.detr4j.serve.exchange.Refusal;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A path of a route. A segment {@code {name}} takes any segment, and a last one {@code {name+}} all
 * that follow, slashes included.
 */
final class PathTemplate {
  private final String text;
  private final String[] segments;

  PathTemplate(String text) {
    this.text = text;
    this.segments = text.split("/", -1);
  }

  /** The values of the variables, or null if the path is another one. */
  @Nullable Map<String, String> match(String path) {
    String[] given = path.split("/", -1);
    boolean open = text.endsWith("+}");
    if (open ? given.length < segments.length : given.length != segments.length) {
      return null;
    }
    Map<String, String> values = new LinkedHashMap<>();
    for (int i = 0; i < segments.length; i++) {
      String segment = segments[i];
      if (!segment.startsWith("{")) {
        if (!segment.equals(given[i])) {
          return null;
        }
        continue;
      }
      boolean rest = segment.endsWith("+}");
      String value =
          rest ? String.join("/", Arrays.asList(given).subList(i, given.length)) : given[i];
      if (value.isEmpty()) {
        return null;
      }
      values.put(segment.substring(1, segment.length() - (rest ? 2 : 1)), decoded(value));
      if (rest) {
        break;
      }
    }
    return values;
  }

  private static String decoded(String segment) {
    try {
      return URLDecoder.decode(segment.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw Refusal.malformed("the path has a percent sign without two hexadecimal digits");
    }
  }

  @Override
  public String toString() {
    return text;
  }
}
