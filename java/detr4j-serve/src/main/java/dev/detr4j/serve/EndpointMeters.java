package dev.detr4j.serve;

import dev.detr4j.micrometer.DetectorMetrics;
import dev.detr4j.serve.dialect.ServedModel;
import dev.detr4j.serve.exchange.MemoryBudget;
import dev.detr4j.serve.schedule.Scheduler;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;

/**
 * The meters of an endpoint: {@code detr4j.requests} (timer; tags route and status), {@code
 * detr4j.requests.open}, {@code detr4j.turns.running}, {@code detr4j.bodies} (bytes), and those of
 * each detector.
 */
final class EndpointMeters {
  private record Key(String route, int status) {}

  /** Seconds; from a small model on many processors to the usual time limit. */
  private static final Duration[] BUCKETS =
      DoubleStream.of(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
          .mapToObj(seconds -> Duration.ofMillis(Math.round(1000 * seconds)))
          .toArray(Duration[]::new);

  private final MeterRegistry registry;
  private final Map<Key, Timer> timers = new ConcurrentHashMap<>();

  EndpointMeters(
      MeterRegistry registry, List<ServedModel> models, Scheduler scheduler, MemoryBudget memory) {
    this.registry = registry;
    for (ServedModel each : models) {
      new DetectorMetrics(each.detector()).bindTo(registry);
    }
    Gauge.builder("detr4j.requests.open", scheduler, Scheduler::atHand)
        .description("Requests for detection that wait or compute")
        .register(registry);
    Gauge.builder("detr4j.turns.running", scheduler, Scheduler::running)
        .description("Images that are computed")
        .register(registry);
    Gauge.builder("detr4j.bodies", memory, MemoryBudget::used)
        .description("Memory of request bodies")
        .baseUnit("bytes")
        .register(registry);
  }

  /** Counts an answer. Routes and statuses are few, whatever clients send. */
  void answered(String route, int status, long nanoseconds) {
    timers
        .computeIfAbsent(
            new Key(route, status),
            key ->
                Timer.builder("detr4j.requests")
                    .description("Answers, from the first byte of the body")
                    .tags("route", key.route, "status", Integer.toString(key.status))
                    .serviceLevelObjectives(BUCKETS)
                    .register(registry))
        .record(nanoseconds, TimeUnit.NANOSECONDS);
  }

  /**
   * All meters of the registry in the text format of Prometheus; null if it is another registry.
   */
  @Nullable String scrape() {
    return registry instanceof PrometheusMeterRegistry prometheus ? prometheus.scrape() : null;
  }
}
