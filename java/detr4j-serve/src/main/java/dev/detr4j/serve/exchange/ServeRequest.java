package dev.detr4j.serve.exchange;

import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * One request, as a server hands it in. The methods are called by the thread that answers it, and
 * by no other.
 */
public interface ServeRequest {
  /** {@code GET}, {@code POST} and so on, in capitals. */
  String method();

  /** The path as it was sent, percent signs included and without the query: {@code /score}. */
  String path();

  /** The query as it was sent, without the question mark; empty if there was none. */
  String query();

  /** A header by name, in any case; the first of several; null if it was not sent. */
  @Nullable String header(String name);

  /**
   * The body, without the framing of HTTP. Read at most once, after the request was found worth it.
   *
   * @throws IOException when the client is gone; {@link Refusal} is thrown where the client is to
   *     be told
   */
  InputStream body() throws IOException;

  /**
   * Whether the client has closed the connection. Asked now and then, at most a few times a second,
   * while a call waits or computes. A server that cannot tell leaves it at false.
   */
  default boolean clientLeft() {
    return false;
  }
}
