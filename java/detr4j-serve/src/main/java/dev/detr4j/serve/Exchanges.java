package dev.detr4j.serve;

import dev.detr4j.serve.RequestLog.Entry;
import dev.detr4j.serve.exchange.Refusal;
import dev.detr4j.serve.exchange.ServeAnswer;
import dev.detr4j.serve.exchange.ServeRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What every request has: an id, the check of the token, an answer whatever happens, a count and a
 * line in the log.
 */
final class Exchanges {
  private static final Pattern ID = Pattern.compile("[A-Za-z0-9._-]{1,64}");
  private static final String BEARER = "bearer ";

  private final Router router;
  private final byte @Nullable [] tokenDigest;
  private final HostPolicy hosts;
  private final EndpointMeters meters;
  private final RequestLog log;
  private final SecureRandom random = new SecureRandom();
  private final AtomicInteger open = new AtomicInteger();

  Exchanges(
      Router router,
      @Nullable String token,
      HostPolicy hosts,
      EndpointMeters meters,
      RequestLog log) {
    this.router = router;
    this.tokenDigest = token == null ? null : digest(token);
    this.hosts = hosts;
    this.meters = meters;
    this.log = log;
  }

  /** Requests that are not answered yet. */
  int open() {
    return open.get();
  }

  ServeAnswer answer(ServeRequest request, boolean stopping) {
    long begun = System.nanoTime();
    open.incrementAndGet();
    try {
      String id = id(request.header("X-Request-Id"));
      Answered answered = route(request, id);
      ServeAnswer answer = answered.answer.with("X-Request-Id", id);
      long took = System.nanoTime() - begun;
      meters.answered(answered.route, answer.status(), took);
      log.request(
          new Entry(
              Instant.now(),
              id,
              request.method(),
              request.path(),
              answered.route,
              answer.status(),
              took,
              answer.body().length,
              answered.error));
      return stopping ? answer.with("Connection", "close") : answer;
    } finally {
      open.decrementAndGet();
    }
  }

  private record Answered(String route, ServeAnswer answer, @Nullable String error) {}

  private Answered route(ServeRequest request, String id) {
    String name = "none";
    try {
      hosts.check(request);
      Router.Match match = router.find(request.method(), request.path());
      name = match.route().name();
      if (!match.route().open()) {
        authorize(request.header("Authorization"));
      }
      return new Answered(name, match.route().handler().answer(request, match.variables()), null);
    } catch (Refusal e) {
      return new Answered(name, e.on(error(e.status(), e.getMessage(), id)), e.getMessage());
    } catch (IOException e) {
      // Reading the body failed: the client is gone, or sends what is no HTTP.
      Refusal gone = Refusal.gone();
      return new Answered(name, error(gone.status(), gone.getMessage(), id), gone.getMessage());
    } catch (Throwable e) {
      log.fault(id, e);
      String text = "an error of the server; its log has the cause under this request id";
      return new Answered(name, error(500, text, id), e.toString());
    }
  }

  /** An error, in the form of the Open Inference Protocol, with the id added. */
  static ServeAnswer error(int status, String message, String id) {
    return ServeAnswer.json(
        status,
        Json.bytes(json -> {
          json.writeStartObject();
          json.writeStringField("error", message);
          json.writeStringField("request_id", id);
          json.writeEndObject();
        }));
  }

  private void authorize(@Nullable String header) {
    if (tokenDigest == null) {
      return;
    }
    if (header == null
        || !header.regionMatches(true, 0, BEARER, 0, BEARER.length())
        // Digests have one length: the time says nothing about the token's.
        || !MessageDigest.isEqual(tokenDigest, digest(header.substring(BEARER.length()).strip()))) {
      throw Refusal.unauthorized("the header Authorization has no valid Bearer token");
    }
  }

  private static byte[] digest(String token) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JVM has SHA-256", e);
    }
  }

  /** The client's id if it is harmless, else a new one. */
  private String id(@Nullable String given) {
    if (given != null && ID.matcher(given).matches()) {
      return given;
    }
    byte[] bytes = new byte[8];
    random.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }
}
