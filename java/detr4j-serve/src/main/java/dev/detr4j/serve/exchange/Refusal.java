package dev.detr4j.serve.exchange;

import org.jspecify.annotations.Nullable;

/**
 * A request is not answered as it wished. The message is one line for the client: what was wrong,
 * where, and what was expected; never a path of this machine or a stack trace.
 */
public final class Refusal extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;
  private final @Nullable String header;
  private final @Nullable String value;

  private Refusal(int status, String message, @Nullable String header, @Nullable String value) {
    super(message, null, false, false); // it is an answer, not a fault: no stack trace
    this.status = status;
    this.header = header;
    this.value = value;
  }

  /** Any status. */
  public static Refusal of(int status, String message) {
    return new Refusal(status, message, null, null);
  }

  /** 400: the request does not have the form that its route documents. */
  public static Refusal malformed(String message) {
    return of(400, message);
  }

  /** 401: a token is needed. */
  public static Refusal unauthorized(String message) {
    return new Refusal(401, message, "WWW-Authenticate", "Bearer");
  }

  /** 404: there is no such route or model. */
  public static Refusal notFound(String message) {
    return of(404, message);
  }

  /** 405: the route knows other methods. */
  public static Refusal method(String message, String allowed) {
    return new Refusal(405, message, "Allow", allowed);
  }

  /** 408: the body took too long. */
  public static Refusal slow(String message) {
    return new Refusal(408, message, "Connection", "close");
  }

  /** 413: more bytes, pixels or images than allowed. */
  public static Refusal tooLarge(String message) {
    return of(413, message);
  }

  /** 415: a body that is neither an image nor a form of request. */
  public static Refusal unsupported(String message) {
    return of(415, message);
  }

  /** 422: an image that cannot be decoded. */
  public static Refusal unreadable(String message) {
    return of(422, message);
  }

  /** 503: too much to do; try again after so many seconds. */
  public static Refusal busy(String message, long seconds) {
    return new Refusal(503, message, "Retry-After", Long.toString(Math.max(1, seconds)));
  }

  /** 504: the time of the request is over. */
  public static Refusal late(String message) {
    return of(504, message);
  }

  /** The client is gone: nobody reads the answer. The status, 499, is for logs and metrics. */
  public static Refusal gone() {
    return of(499, "the client closed the connection");
  }

  /** The HTTP status code. */
  public int status() {
    return status;
  }

  /** Never null. */
  @Override
  public String getMessage() {
    return String.valueOf(super.getMessage());
  }

  /** An answer, with the header that belongs to this refusal. */
  public ServeAnswer on(ServeAnswer answer) {
    return header == null || value == null ? answer : answer.with(header, value);
  }
}
