package dev.detr4j.serve.exchange;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A Content-Type.
 *
 * @param type type and subtype in small letters, as in {@code image/jpeg}; empty if none was sent
 * @param boundary of a form of several parts; null if there is none
 */
public record MediaType(String type, @Nullable String boundary) {
  /** Reads the header, whose parameters other than the boundary do not matter here. */
  public static MediaType of(@Nullable String header) {
    if (header == null) {
      return new MediaType("", null);
    }
    String[] parts = header.split(";", -1);
    String boundary = null;
    for (int i = 1; i < parts.length; i++) {
      String part = parts[i].strip();
      if (part.regionMatches(true, 0, "boundary=", 0, 9)) {
        boundary = part.substring(9);
        if (boundary.length() >= 2 && boundary.startsWith("\"") && boundary.endsWith("\"")) {
          boundary = boundary.substring(1, boundary.length() - 1);
        }
      }
    }
    return new MediaType(parts[0].strip().toLowerCase(Locale.ROOT), boundary);
  }

  /** Whether the body is JSON. */
  public boolean isJson() {
    return type.equals("application/json") || type.endsWith("+json") || type.equals("text/json");
  }
}
