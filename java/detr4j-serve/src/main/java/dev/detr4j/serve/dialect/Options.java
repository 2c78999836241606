package dev.detr4j.serve.dialect;

import dev.detr4j.serve.exchange.Refusal;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What the query, or the fields of a form, say to every dialect alike; the time is of the query
 * only.
 *
 * @param model the name of the model; null if none is named
 * @param threshold the score that detections exceed; null for the detector's
 * @param labels the classes to report; empty for all
 * @param timeout how long the request may take; null for the server's
 */
public record Options(
    @Nullable String model,
    @Nullable Double threshold,
    List<String> labels,
    @Nullable Duration timeout) {
  /** Of the fields of a form; those of other names do not matter. */
  static Options of(Map<String, List<String>> fields) {
    List<String> labels = new ArrayList<>();
    for (String each : fields.getOrDefault("labels", List.of())) {
      for (String name : each.split(",", -1)) {
        if (!name.isBlank()) {
          labels.add(name.strip());
        }
      }
    }
    return new Options(first(fields, "model"), number(fields, "threshold"), labels, null);
  }

  /** Of a query such as {@code threshold=0.4&labels=cat,dog}. */
  public static Options ofQuery(String query) {
    Map<String, List<String>> fields = new TreeMap<>();
    for (String pair : query.split("&", -1)) {
      int equals = pair.indexOf('=');
      if (equals > 0) {
        fields
            .computeIfAbsent(decoded(pair.substring(0, equals)), _ -> new ArrayList<>())
            .add(decoded(pair.substring(equals + 1)));
      }
    }
    Options options = of(fields);
    return new Options(options.model, options.threshold, options.labels, timeout(fields));
  }

  private static @Nullable Duration timeout(Map<String, List<String>> fields) {
    Double timeout = number(fields, "timeout");
    if (timeout != null && !(timeout > 0 && timeout < 1e6)) {
      throw Refusal.malformed("timeout is %s, expected seconds above 0".formatted(timeout));
    }
    return timeout == null ? null : Duration.ofNanos((long) (timeout * 1e9));
  }

  private static String decoded(String text) {
    try {
      return URLDecoder.decode(text, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw Refusal.malformed("the query has a percent sign without two hexadecimal digits");
    }
  }

  private static @Nullable String first(Map<String, List<String>> fields, String name) {
    List<String> values = fields.get(name);
    return values == null ? null : values.getFirst();
  }

  private static @Nullable Double number(Map<String, List<String>> fields, String name) {
    String text = first(fields, name);
    if (text == null) {
      return null;
    }
    try {
      return Double.valueOf(text.strip());
    } catch (NumberFormatException e) {
      throw Refusal.malformed(name + " is not a number");
    }
  }
}
