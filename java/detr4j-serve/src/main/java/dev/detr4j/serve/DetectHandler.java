package dev.detr4j.serve;

import dev.detr4j.serve.Lanes.Lane;
import dev.detr4j.serve.dialect.DetectJob;
import dev.detr4j.serve.dialect.Dialect;
import dev.detr4j.serve.dialect.ImageResult;
import dev.detr4j.serve.dialect.Options;
import dev.detr4j.serve.dialect.RequestBody;
import dev.detr4j.serve.exchange.Body;
import dev.detr4j.serve.exchange.MemoryBudget;
import dev.detr4j.serve.exchange.Refusal;
import dev.detr4j.serve.exchange.ServeAnswer;
import dev.detr4j.serve.exchange.ServeRequest;
import dev.detr4j.serve.fetch.UrlImages;
import dev.detr4j.serve.schedule.Scheduler;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** Answers a request for detection: bounds, body, queue, images, answer, in this order. */
final class DetectHandler {
  private final EndpointSettings settings;
  private final Lanes lanes;
  private final Scheduler scheduler;
  private final JobRunner runner;
  private final MemoryBudget memory;
  private final UrlImages urls;

  DetectHandler(EndpointSettings settings, Lanes lanes, Scheduler scheduler, MemoryBudget memory) {
    this.settings = settings;
    this.lanes = lanes;
    this.scheduler = scheduler;
    this.runner = new JobRunner(scheduler);
    this.memory = memory;
    this.urls = new UrlImages(settings.urls(), settings.maxBodyBytes());
  }

  /**
   * Answers a request.
   *
   * @param variables of the path; {@code model} and {@code version} are known
   */
  ServeAnswer answer(Dialect dialect, ServeRequest request, Map<String, String> variables)
      throws IOException {
    long begun = System.nanoTime();
    Options query = Options.ofQuery(request.query());
    String inPath = variables.get("model");
    Lane named = lanes.of(inPath == null ? query.model() : inPath);
    long deadline = begun + timeout(query).toNanos();
    scheduler.check();
    try (Body body = Body.read(request, settings.maxBodyBytes(), settings.bodyTime(), memory)) {
      DetectJob job = withDefaults(RequestBody.read(dialect, body), query);
      checkCount(job.images().size());
      // A path says what a client meant; the body may name a model where the path does not.
      Lane lane = inPath == null && job.model() != null ? lanes.of(job.model()) : named;
      List<ImageResult> results = run(lane, job, deadline, request);
      return ServeAnswer.json(
          200, Json.bytes(json -> dialect.write(json, job, lane.model(), results)));
    }
  }

  private Duration timeout(Options query) {
    Duration asked = query.timeout();
    return asked != null && asked.compareTo(settings.timeout()) < 0 ? asked : settings.timeout();
  }

  /** What the body says comes before the query. */
  private static DetectJob withDefaults(DetectJob job, Options query) {
    return job.with(
        job.threshold() == null ? query.threshold() : null,
        job.labels().isEmpty() ? query.labels() : List.of());
  }

  private void checkCount(int images) {
    if (images == 0) {
      throw Refusal.malformed("the request has no image");
    }
    if (images > settings.maxImages()) {
      throw Refusal.tooLarge(
          "the request has %d images, expected at most %d".formatted(images, settings.maxImages()));
    }
  }

  private List<ImageResult> run(Lane lane, DetectJob job, long deadline, ServeRequest request) {
    scheduler.enter(lane.line(), deadline - System.nanoTime());
    try (UrlImages.Fetched fetched = urls.fetch(job, memory, deadline)) {
      return runner.run(lane.model(), lane.line(), fetched.job(), deadline, request::clientLeft);
    } finally {
      scheduler.leave();
    }
  }
}
