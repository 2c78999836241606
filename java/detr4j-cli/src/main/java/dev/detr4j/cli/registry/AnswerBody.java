package dev.detr4j.cli.registry;

import java.io.IOException;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow.Subscription;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The body of an answer as it arrives. All that came before a connection broke can be read before
 * its failure is: the stream of the JDK's client drops what nobody has read yet, which a download
 * that goes on from where it stopped would have to fetch again. And silence is a failure here; the
 * client waits for the rest of a body as long as the connection is open.
 */
final class AnswerBody implements BodySubscriber<AnswerBody>, AutoCloseable {
  private sealed interface Event {}

  private record Arrived(List<ByteBuffer> buffers) implements Event {}

  private record Ended(@Nullable Throwable failure) implements Event {}

  private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private final CompletableFuture<Subscription> subscription = new CompletableFuture<>();
  private final Queue<ByteBuffer> unread = new ArrayDeque<>();

  /** Bodies are read while they arrive, so there is nothing to wait for. */
  @Override
  public CompletionStage<AnswerBody> getBody() {
    return CompletableFuture.completedFuture(this);
  }

  @Override
  public void onSubscribe(Subscription to) {
    if (subscription.complete(to)) {
      to.request(1);
    } else {
      to.cancel();
    }
  }

  @Override
  public void onNext(List<ByteBuffer> buffers) {
    events.add(new Arrived(buffers));
  }

  @Override
  public void onError(Throwable failure) {
    events.add(new Ended(failure));
  }

  @Override
  public void onComplete() {
    events.add(new Ended(null));
  }

  /**
   * Reads at least one byte.
   *
   * @return how many were read; -1 at the end
   * @throws IOException when the connection failed or nothing came for that long
   */
  int read(byte[] block, Duration stall) throws IOException {
    while (unread.isEmpty()) {
      switch (next(stall)) {
        case Arrived(List<ByteBuffer> buffers) -> {
          buffers.stream().filter(ByteBuffer::hasRemaining).forEach(unread::add);
          subscription.join().request(1);
        }
        case Ended end -> {
          events.add(end);
          if (end.failure() != null) {
            throw new IOException(end.failure().getMessage(), end.failure());
          }
          return -1;
        }
      }
    }
    ByteBuffer first = unread.element();
    int n = Math.min(first.remaining(), block.length);
    first.get(block, 0, n);
    if (!first.hasRemaining()) {
      unread.remove();
    }
    return n;
  }

  private Event next(Duration stall) throws IOException {
    try {
      Event event = events.poll(stall.toNanos(), TimeUnit.NANOSECONDS);
      if (event == null) {
        throw new IOException("no data for " + stall.toSeconds() + " s");
      }
      return event;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  /** Ends the connection unless all of the body has come. */
  @Override
  public void close() {
    if (!subscription.cancel(false)) {
      subscription.join().cancel();
    }
  }
}
