package dev.detr4j.serve;

import dev.detr4j.serve.exchange.Refusal;
import dev.detr4j.serve.exchange.ServeRequest;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Under which names a server answers. One that listens on the loopback address without a token
 * trusts whoever is on the machine, and a page of the web is not: its name may be made to lead to
 * 127.0.0.1, and the browser then takes this server for the page's own.
 *
 * @param names further names; null where any name will do
 */
record HostPolicy(@Nullable Set<String> names) {
  static final HostPolicy ANY = new HostPolicy(null);

  private static final Pattern LOOPBACK =
      Pattern.compile("localhost|.*\\.localhost|127(\\.\\d{1,3}){3}|\\[::1]");

  /** Refuses what was addressed to another name, or was sent by a page of another site. */
  void check(ServeRequest request) {
    if (names == null) {
      return;
    }
    String host = request.header("Host");
    if (host != null) {
      String name = host.strip().replaceFirst(":\\d*$", "").toLowerCase(Locale.ROOT);
      if (!LOOPBACK.matcher(name).matches() && !names.contains(name)) {
        throw Refusal.of(
            403, "this server answers to localhost only, unless its operator allows another host");
      }
    }
    if ("cross-site".equals(request.header("Sec-Fetch-Site"))) {
      throw Refusal.of(403, "this server answers to no pages of other sites");
    }
  }
}
