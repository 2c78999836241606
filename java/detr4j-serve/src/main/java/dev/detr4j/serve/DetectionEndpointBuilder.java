package dev.detr4j.serve;

import dev.detr4j.Detector;
import dev.detr4j.serve.dialect.ServedModel;
import dev.detr4j.serve.fetch.UrlPolicy;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The settings of an endpoint. */
public final class DetectionEndpointBuilder {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*");

  private final List<ServedModel> models = new ArrayList<>();
  private @Nullable Integer sessions;
  private int queue = 100;
  private Duration timeout = Duration.ofSeconds(30);
  private long maxBodyBytes = 32L << 20;
  private Duration bodyTime = Duration.ofSeconds(30);
  private int maxImages = 64;
  private long bodyMemory = Math.max(64L << 20, Runtime.getRuntime().maxMemory() / 4);
  private @Nullable String token;
  private HostPolicy hosts = HostPolicy.ANY;
  private UrlPolicy urls = UrlPolicy.NONE;
  private @Nullable MeterRegistry registry;
  private RequestLog log = RequestLog.NONE;

  DetectionEndpointBuilder() {}

  /**
   * Adds a model. Requests that name none get the first.
   *
   * @param name letters, digits, {@code . _ -}, and slashes in between
   * @param detector stays the caller's to close, after the last request
   */
  public DetectionEndpointBuilder model(String name, Detector detector) {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "model name \"%s\": expected letters, digits, '.', '_', '-', and slashes in between"
              .formatted(name));
    }
    if (models.stream().anyMatch(each -> each.name().equals(name))) {
      throw new IllegalArgumentException("two models have the name " + name);
    }
    models.add(new ServedModel(name, detector));
    return this;
  }

  /**
   * Sets how many images are computed at once, of all models together. The default is the largest
   * number of sessions of a detector.
   */
  public DetectionEndpointBuilder sessions(int count) {
    sessions = atLeast(1, count, "sessions");
    return this;
  }

  /**
   * Sets how many requests may wait beside those that are computed; more get 503 at once. The
   * default is 100.
   */
  public DetectionEndpointBuilder queue(int requests) {
    queue = atLeast(0, requests, "queue");
    return this;
  }

  /**
   * Sets how long a request may take, from the end of its head to its answer; then it gets 504. A
   * request that cannot make it gets 503 before. A query {@code timeout=SECONDS} shortens it. The
   * default is 30 s.
   */
  public DetectionEndpointBuilder timeout(Duration atMost) {
    timeout = positive(atMost, "timeout");
    return this;
  }

  /** Sets the largest body; a larger one gets 413. The default is 32 MiB. */
  public DetectionEndpointBuilder maxBodyBytes(long bytes) {
    if (bytes < 1 || bytes > 1L << 30) {
      throw new IllegalArgumentException("maxBodyBytes is " + bytes + ", expected 1 to 2^30");
    }
    maxBodyBytes = bytes;
    return this;
  }

  /** Sets how long a client may take to send a body; a slower one gets 408. The default is 30 s. */
  public DetectionEndpointBuilder bodyTime(Duration atMost) {
    bodyTime = positive(atMost, "bodyTime");
    return this;
  }

  /** Sets the most images of a request; more get 413. The default is 64. */
  public DetectionEndpointBuilder maxImages(int count) {
    maxImages = atLeast(1, count, "maxImages");
    return this;
  }

  /**
   * Sets how many bytes the bodies of all requests together may hold; a request beyond gets 503.
   * The default is a quarter of the largest heap, at least 64 MiB.
   */
  public DetectionEndpointBuilder bodyMemory(long bytes) {
    if (bytes < 1) {
      throw new IllegalArgumentException("bodyMemory is " + bytes + ", expected at least 1");
    }
    bodyMemory = bytes;
    return this;
  }

  /**
   * Asks for {@code Authorization: Bearer <token>} on all routes but the page's files and the
   * probes. By default there is no token.
   */
  public DetectionEndpointBuilder token(String secret) {
    if (secret.isBlank()) {
      throw new IllegalArgumentException("the token is empty");
    }
    token = secret;
    return this;
  }

  /** Sets under which names the endpoint answers where there is no token. */
  DetectionEndpointBuilder hosts(HostPolicy policy) {
    hosts = policy;
    return this;
  }

  /**
   * Lets requests name images by URL, where a pattern matches the whole address. Only {@code https}
   * is fetched, only from public addresses, and redirects are not followed. By default, no URL is
   * fetched.
   */
  public DetectionEndpointBuilder allowUrls(Pattern... patterns) {
    urls = new UrlPolicy(List.of(patterns));
    return this;
  }

  /**
   * Sets the registry of the meters. With a registry of another kind than Prometheus, {@code
   * /metrics} answers 404. By default the endpoint has a Prometheus registry of its own, with the
   * meters of the JVM.
   */
  public DetectionEndpointBuilder registry(MeterRegistry meters) {
    registry = meters;
    return this;
  }

  /** Sets who hears of requests and faults. */
  public DetectionEndpointBuilder log(RequestLog receiver) {
    log = receiver;
    return this;
  }

  /**
   * Makes the endpoint.
   *
   * @throws IllegalStateException without a model
   */
  public DetectionEndpoint build() {
    if (models.isEmpty()) {
      throw new IllegalStateException("no model was added");
    }
    int most = models.stream().mapToInt(each -> each.detector().load().sessions()).max().orElse(1);
    return new DetectionEndpoint(
        List.copyOf(models),
        new EndpointSettings(
            sessions == null ? most : sessions,
            queue,
            timeout,
            maxBodyBytes,
            bodyTime,
            maxImages,
            bodyMemory,
            token,
            token == null ? hosts : HostPolicy.ANY,
            urls),
        registry == null ? ownRegistry() : registry,
        log);
  }

  /** With the meters of the JVM, which an application's registry has already. */
  private static MeterRegistry ownRegistry() {
    MeterRegistry own = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    new JvmMemoryMetrics().bindTo(own);
    new JvmThreadMetrics().bindTo(own);
    new ProcessorMetrics().bindTo(own);
    new UptimeMetrics().bindTo(own);
    return own;
  }

  private static int atLeast(int least, int value, String name) {
    if (value < least) {
      throw new IllegalArgumentException(name + " must be at least " + least + ", got " + value);
    }
    return value;
  }

  private static Duration positive(Duration value, String name) {
    if (value.isNegative() || value.isZero()) {
      throw new IllegalArgumentException(name + " must be above 0, got " + value);
    }
    return value;
  }
}
