package dev.detr4j.serve;

import dev.detr4j.serve.dialect.ServedModel;
import dev.detr4j.serve.exchange.MemoryBudget;
import dev.detr4j.serve.exchange.ServeAnswer;
import dev.detr4j.serve.exchange.ServeRequest;
import dev.detr4j.serve.schedule.Scheduler;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.List;

/**
 * Answers requests for detection, whatever server carries them.
 *
 * <p>An application with a server of its own hands each request to {@link #answer}, on a thread of
 * the request; a virtual thread is fine. {@code GET /openapi.json} lists the routes. An application
 * that mounts them below a prefix takes the prefix off the path first. {@link DetectionServer} is
 * this endpoint on a port of its own.
 *
 * <p>Thread-safe. The endpoint does not close its detectors.
 */
public final class DetectionEndpoint {
  private final Lanes lanes;
  private final Exchanges exchanges;
  private volatile boolean warm;
  private volatile boolean stopping;

  DetectionEndpoint(
      List<ServedModel> models, EndpointSettings settings, MeterRegistry registry, RequestLog log) {
    Scheduler scheduler = new Scheduler(settings.sessions(), settings.queue());
    MemoryBudget memory = new MemoryBudget(settings.bodyMemory());
    this.lanes = new Lanes(models, scheduler);
    EndpointMeters meters = new EndpointMeters(registry, models, scheduler, memory);
    DetectHandler detect = new DetectHandler(settings, lanes, scheduler, memory);
    RouteTable table = new RouteTable(lanes, detect, this::ready, meters);
    this.exchanges =
        new Exchanges(new Router(table.routes()), settings.token(), settings.hosts(), meters, log);
  }

  /** Starts the description of an endpoint. */
  public static DetectionEndpointBuilder builder() {
    return new DetectionEndpointBuilder();
  }

  /**
   * Answers one request. What a client did wrong, and an error of the endpoint itself, are answers
   * too.
   */
  public ServeAnswer answer(ServeRequest request) {
    return exchanges.answer(request, stopping);
  }

  /**
   * Warms up all models with images of this size in pixels; {@link #ready} is true from then on.
   * Requests that come before wait.
   */
  public void warmUp(int width, int height) {
    lanes.all().forEach(each -> each.model().detector().warmUp(width, height));
    warm = true;
  }

  /** Whether the models are warm and no stop was announced. */
  public boolean ready() {
    return warm && !stopping;
  }

  /**
   * Makes {@link #ready} false and asks clients to close their connections, while requests are
   * still answered: the first step of a stop.
   */
  public void announceStop() {
    stopping = true;
  }

  /**
   * Waits until no request is at hand.
   *
   * @return whether that came true in time
   */
  public boolean awaitIdle(Duration atMost) throws InterruptedException {
    long end = System.nanoTime() + atMost.toNanos();
    while (exchanges.open() > 0) {
      if (System.nanoTime() - end >= 0) {
        return false;
      }
      Thread.sleep(5);
    }
    return true;
  }

  /** The names of the models, the default first. */
  public List<String> models() {
    return lanes.all().stream().map(each -> each.model().name()).toList();
  }
}
