package dev.detr4j.serve;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Hears of each request that was answered, and of each error of the endpoint itself. Called by many
 * threads at once; must not throw.
 */
public interface RequestLog {
  /**
   * One request.
   *
   * @param time when it was answered
   * @param id the request id, which the client has too
   * @param method of HTTP
   * @param path as it was sent
   * @param route the route's name in metrics; {@code none} if there was none
   * @param status of HTTP; 499 if the client left
   * @param nanoseconds that the answer took
   * @param bytes of the answer's body
   * @param error the message of an error; null if there was none
   */
  record Entry(
      Instant time,
      String id,
      String method,
      String path,
      String route,
      int status,
      long nanoseconds,
      int bytes,
      @Nullable String error) {}

  /** Logs requests nowhere, and faults to the {@link System.Logger} {@code dev.detr4j.serve}. */
  RequestLog NONE = entry -> {};

  /** A request was answered. */
  void request(Entry entry);

  /** A request met an error of the endpoint itself. */
  default void fault(String id, Throwable error) {
    System.getLogger("dev.detr4j.serve")
        .log(System.Logger.Level.ERROR, "request " + id + " failed", error);
  }
}
