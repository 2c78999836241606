package dev.detr4j.serve.fetch;

import java.util.List;
import java.util.regex.Pattern;

/**
 * Which addresses a request may name as an image.
 *
 * @param allowed patterns that match a whole address; empty to allow none
 */
public record UrlPolicy(List<Pattern> allowed) {
  /** No address at all. */
  public static final UrlPolicy NONE = new UrlPolicy(List.of());

  /** Copies the list. */
  public UrlPolicy {
    allowed = List.copyOf(allowed);
  }

  /** Whether some pattern matches. */
  boolean allows(String address) {
    return allowed.stream().anyMatch(each -> each.matcher(address).matches());
  }
}
