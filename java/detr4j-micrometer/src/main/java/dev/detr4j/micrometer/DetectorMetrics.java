package dev.detr4j.micrometer;

import dev.detr4j.CallListener;
import dev.detr4j.Detector;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;

/**
 * Binds a detector to a meter registry: {@code new DetectorMetrics(detector).bindTo(registry)}.
 *
 * <table>
 *   <caption>Meters, each with the tags {@code model} and {@code backend}</caption>
 *   <tr><th>name</th><th>type</th><th>what</th></tr>
 *   <tr><td>{@code detr4j.calls}</td><td>timer</td><td>from the moment a call had a session,
 *     decoding included; tag {@code outcome}: success, error, busy, deadline, cancelled. A call
 *     that got no session counts with time 0</td></tr>
 *   <tr><td>{@code detr4j.calls.wait}</td><td>timer</td><td>until a call had a session, or gave
 *     up</td></tr>
 *   <tr><td>{@code detr4j.calls.running}</td><td>gauge</td><td>calls that run</td></tr>
 *   <tr><td>{@code detr4j.calls.waiting}</td><td>gauge</td><td>callers that wait</td></tr>
 *   <tr><td>{@code detr4j.calls.limit}</td><td>gauge</td><td>the most calls that run at
 *     once</td></tr>
 *   <tr><td>{@code detr4j.detections}</td><td>summary</td><td>detections of a successful
 *     call</td></tr>
 *   <tr><td>{@code detr4j.memory}</td><td>gauge, bytes</td><td>memory outside the heap; tag {@code
 *     area}: weights, sessions</td></tr>
 * </table>
 *
 * <p>Calls of {@link Detector#detect} and {@code DetectorCall} are counted, those of sessions that
 * the application opens itself are not. The gauges do not keep the detector alive. Thread-safe.
 */
public final class DetectorMetrics implements MeterBinder {
  private final Detector detector;

  /** Metrics of this detector. */
  public DetectorMetrics(Detector detector) {
    this.detector = detector;
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    Tags tags = Tags.of("model", detector.name(), "backend", detector.backend().kind().id());
    gauge(registry, "detr4j.calls.running", "Calls that run", tags, d -> d.load().running());
    gauge(registry, "detr4j.calls.waiting", "Callers that wait", tags, d -> d.load().waiting());
    gauge(registry, "detr4j.calls.limit", "Calls that run at once", tags, d -> d.load().sessions());
    memory(registry, tags.and("area", "weights"), d -> d.memory().weightBytes());
    memory(registry, tags.and("area", "sessions"), d -> d.memory().sessionBytes());

    Map<CallListener.Outcome, Timer> calls = new EnumMap<>(CallListener.Outcome.class);
    for (CallListener.Outcome each : CallListener.Outcome.values()) {
      calls.put(
          each,
          Timer.builder("detr4j.calls")
              .description("Calls from the moment they had a session")
              .tags(tags.and("outcome", each.name().toLowerCase(Locale.ROOT)))
              .register(registry));
    }
    Timer waiting =
        Timer.builder("detr4j.calls.wait")
            .description("Until calls had a session")
            .tags(tags)
            .register(registry);
    DistributionSummary detections =
        DistributionSummary.builder("detr4j.detections")
            .description("Detections of a call")
            .tags(tags)
            .register(registry);
    detector.addCallListener((outcome, waited, ran, found) -> {
      Objects.requireNonNull(calls.get(outcome)).record(ran, TimeUnit.NANOSECONDS);
      waiting.record(waited, TimeUnit.NANOSECONDS);
      if (outcome == CallListener.Outcome.SUCCESS) {
        detections.record(found);
      }
    });
  }

  private void gauge(
      MeterRegistry registry,
      String name,
      String description,
      Tags tags,
      ToDoubleFunction<Detector> value) {
    Gauge.builder(name, detector, value).description(description).tags(tags).register(registry);
  }

  private void memory(MeterRegistry registry, Tags tags, ToDoubleFunction<Detector> value) {
    Gauge.builder("detr4j.memory", detector, value)
        .description("Memory outside the heap")
        .baseUnit("bytes")
        .tags(tags)
        .register(registry);
  }
}
