package dev.detr4j.serve;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Writes a line of JSON for each request: {@code
 * {"time":…,"id":…,"method":…,"path":…,"route":…,"status":…,"seconds":…,"bytes":…,"error":…}},
 * where {@code error} stands only if there was one.
 *
 * <p>A thread of its own writes. A disk that is slow or full stops no request: lines that cannot be
 * written are dropped and counted, and the receiver of problems hears of it at most once a minute.
 * Thread-safe.
 */
public final class JsonAccessLog implements RequestLog, AutoCloseable {
  private static final int MOST_WAITING = 10_000;
  private static final int LONGEST_PATH = 500;
  private static final long SILENCE = TimeUnit.MINUTES.toNanos(1);
  private static final JsonFactory FACTORY = new JsonFactory();

  /** Ends the thread. */
  private static final String END = "";

  private final BlockingQueue<String> waiting = new ArrayBlockingQueue<>(MOST_WAITING);
  private final OutputStream out;
  private final Consumer<String> problems;
  private final AtomicLong lost = new AtomicLong();
  private final Thread writer;
  private boolean closed;
  private long told;
  private long lastProblem = System.nanoTime() - SILENCE;

  /**
   * Writes to a stream, which {@link #close} closes.
   *
   * @param problems takes a line of text when lines were lost
   */
  public JsonAccessLog(OutputStream out, Consumer<String> problems) {
    this.out = out;
    this.problems = problems;
    this.writer = Thread.ofPlatform().daemon().name("detr4j-serve-log").start(this::write);
  }

  @Override
  public void request(Entry entry) {
    if (!waiting.offer(line(entry))) {
      lost.incrementAndGet();
    }
  }

  /** How many lines were lost so far. */
  public long lost() {
    return lost.get();
  }

  private static String line(Entry entry) {
    StringWriter text = new StringWriter(256);
    try (JsonGenerator json = FACTORY.createGenerator(text)) {
      json.writeStartObject();
      json.writeStringField("time", entry.time().toString());
      json.writeStringField("id", entry.id());
      json.writeStringField("method", entry.method());
      String path = entry.path();
      json.writeStringField(
          "path", path.length() > LONGEST_PATH ? path.substring(0, LONGEST_PATH) : path);
      json.writeStringField("route", entry.route());
      json.writeNumberField("status", entry.status());
      json.writeNumberField("seconds", Math.round(entry.nanoseconds() / 1e3) / 1e6);
      json.writeNumberField("bytes", entry.bytes());
      @Nullable String error = entry.error();
      if (error != null) {
        json.writeStringField("error", error);
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("a string cannot be written to", e);
    }
    return text.append('\n').toString();
  }

  private void write() {
    List<String> batch = new ArrayList<>();
    try {
      boolean end = false;
      while (!end) {
        batch.clear();
        batch.add(waiting.take());
        waiting.drainTo(batch);
        end = batch.remove(END);
        write(batch);
      }
    } catch (InterruptedException e) {
      // Nobody interrupts this thread.
    }
  }

  private void write(List<String> batch) {
    if (batch.isEmpty()) {
      return;
    }
    try {
      out.write(String.join("", batch).getBytes(StandardCharsets.UTF_8));
      out.flush();
      if (lost.get() > told) {
        tell("lines came faster than they could be written");
      }
    } catch (IOException | RuntimeException e) {
      lost.addAndGet(batch.size());
      tell(String.valueOf(e.getMessage()));
    }
  }

  private void tell(String why) {
    long now = System.nanoTime();
    if (now - lastProblem >= SILENCE) {
      lastProblem = now;
      told = lost.get();
      problems.accept("access log: %s; %d lines are lost so far".formatted(why, told));
    }
  }

  /** Writes what waits, and closes the stream. Closing again has no effect. */
  @Override
  public synchronized void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    try {
      waiting.put(END);
      writer.join(TimeUnit.SECONDS.toMillis(5));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    out.close();
  }
}
