package dev.detr4j.serve;

import dev.detr4j.Box;
import dev.detr4j.Detection;
import dev.detr4j.DetectorCall;
import dev.detr4j.error.CallCancelledException;
import dev.detr4j.error.DeadlineExceededException;
import dev.detr4j.error.DetectorBusyException;
import dev.detr4j.error.ImageException;
import dev.detr4j.image.ImageView;
import dev.detr4j.image.PixelSize;
import dev.detr4j.serve.dialect.DetectJob;
import dev.detr4j.serve.dialect.ImageResult;
import dev.detr4j.serve.dialect.ImageSource;
import dev.detr4j.serve.dialect.ServedModel;
import dev.detr4j.serve.exchange.Refusal;
import dev.detr4j.serve.schedule.Scheduler;
import dev.detr4j.serve.schedule.Scheduler.Turn;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs the images of one request in virtual threads, while the request's own thread watches the
 * client. Each image takes a turn of its own; a request of many images has as many turns at once as
 * there are, so that it gets done and others still come in between.
 */
final class JobRunner {
  /** Each look at the client costs a read: the first comes when most calls have ended. */
  private static final long FIRST_LOOK_MILLISECONDS = 250;

  private static final long LAST_LOOK_MILLISECONDS = 1_000;

  private final Scheduler scheduler;

  JobRunner(Scheduler scheduler) {
    this.scheduler = scheduler;
  }

  /**
   * Detects in all images of a job.
   *
   * @param deadline of {@link System#nanoTime}
   * @param clientLeft asked by the calling thread
   */
  List<ImageResult> run(
      ServedModel model,
      Scheduler.Line line,
      DetectJob job,
      long deadline,
      BooleanSupplier clientLeft) {
    DetectorCall call = call(model, job);
    int images = job.images().size();
    ImageResult[] results = new ImageResult[images];
    AtomicInteger next = new AtomicInteger();
    AtomicBoolean stop = new AtomicBoolean();
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>(null);
    int workers = Math.min(images, scheduler.turns());
    CountDownLatch done = new CountDownLatch(workers);
    List<Thread> threads = new ArrayList<>();
    for (int w = 0; w < workers; w++) {
      threads.add(
          Thread.ofVirtual()
              .name("detr4j-serve-call")
              .start(() -> {
                try {
                  int i;
                  while (!stop.get() && (i = next.getAndIncrement()) < images) {
                    results[i] = one(call, line, job.images().get(i), deadline, stop);
                  }
                } catch (Throwable e) {
                  failure.compareAndSet(null, e);
                  stop.set(true);
                } finally {
                  done.countDown();
                }
              }));
    }
    watch(done, clientLeft, stop, threads);
    rethrow(failure.get());
    if (stop.get()) {
      throw Refusal.gone(); // the last call may have ended all the same
    }
    return Arrays.asList(results);
  }

  private void watch(
      CountDownLatch done, BooleanSupplier clientLeft, AtomicBoolean stop, List<Thread> threads) {
    boolean interrupted = false;
    long patience = FIRST_LOOK_MILLISECONDS;
    while (true) {
      try {
        if (done.await(patience, TimeUnit.MILLISECONDS)) {
          break;
        }
        patience = Math.min(LAST_LOOK_MILLISECONDS, 2 * patience);
        if (!stop.get() && clientLeft.getAsBoolean()) {
          stop.set(true);
          threads.forEach(Thread::interrupt); // those that wait for a turn
        }
      } catch (InterruptedException e) {
        interrupted = true; // the server stops and its patience is over
        stop.set(true);
        threads.forEach(Thread::interrupt);
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static DetectorCall call(ServedModel model, DetectJob job) {
    DetectorCall call = model.detector().call();
    try {
      if (job.threshold() != null) {
        call = call.threshold(job.threshold());
      }
      return job.labels().isEmpty() ? call : call.labels(job.labels().toArray(new String[0]));
    } catch (IllegalArgumentException e) {
      throw Refusal.malformed(String.valueOf(e.getMessage()));
    }
  }

  private ImageResult one(
      DetectorCall call,
      Scheduler.Line line,
      ImageSource source,
      long deadline,
      AtomicBoolean stop) {
    try (Turn _ = scheduler.take(line, deadline)) {
      PixelSize[] size = new PixelSize[1];
      List<Detection> found =
          call.timeout(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())))
              .cancelWhen(stop::get)
              .onImage(image -> size[0] = size(image))
              .detect(source.bytes());
      return new ImageResult(
          size[0].width(), size[0].height(), found.stream().filter(JobRunner::isFinite).toList());
    } catch (ImageException e) {
      throw refusal(e, source.where());
    }
  }

  /** JSON has no word for other numbers; only a broken network makes them. */
  private static boolean isFinite(Detection each) {
    Box box = each.box();
    return Float.isFinite(box.xMin() + box.yMin() + box.xMax() + box.yMax() + each.score());
  }

  private static PixelSize size(ImageView image) {
    return new PixelSize(image.width(), image.height());
  }

  private static Refusal refusal(ImageException e, String where) {
    for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
      if (cause instanceof OutOfMemoryError) {
        return Refusal.busy("there is not enough memory to decode " + where, 1);
      }
    }
    // The decoder calls the image "image"; the client knows it by its place in the request.
    String message = e.getMessage();
    return Refusal.unreadable(
        message.startsWith("image: ")
            ? where + ": " + message.substring("image: ".length())
            : where + ": " + message);
  }

  private static void rethrow(@Nullable Throwable failure) {
    switch (failure) {
      case null -> {}
      case Refusal refusal -> throw refusal;
      case CallCancelledException _ -> throw Refusal.gone();
      case DeadlineExceededException _ ->
          throw Refusal.late("the time of the request ended while it was computed");
      case DetectorBusyException e -> throw Refusal.busy(e.getMessage(), 1);
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new IllegalStateException(failure);
    }
  }
}
