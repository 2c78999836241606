package dev.detr4j.cli.registry;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Reads a connection that may fall silent: the JDK's client waits for the rest of a body as long as
 * the connection is open. A second thread closes it when nothing came for a while.
 */
final class StallGuard implements AutoCloseable {
  private final InputStream in;
  private final Duration stall;
  private final AtomicLong last = new AtomicLong(System.nanoTime());
  private final AtomicBoolean stalled = new AtomicBoolean();
  private final Thread watch;

  StallGuard(InputStream in, Duration stall) {
    this.in = in;
    this.stall = stall;
    this.watch = Thread.ofVirtual().name("detr4j-fetch-stall").start(this::watch);
  }

  private void watch() {
    try {
      for (long left = stall.toNanos();
          left > 0;
          left = stall.toNanos() - (System.nanoTime() - last.get())) {
        Thread.sleep(Duration.ofNanos(left));
      }
      stalled.set(true);
      in.close();
    } catch (InterruptedException e) {
      // The reader is done.
      return;
    } catch (IOException e) {
      // The reader notices by itself.
      return;
    }
  }

  /** As {@link InputStream#read(byte[])}. */
  int read(byte[] block) throws IOException {
    try {
      int n = in.read(block);
      if (!stalled.get()) {
        last.set(System.nanoTime());
        return n;
      }
    } catch (IOException e) {
      if (!stalled.get()) {
        throw e;
      }
    }
    throw new IOException("nothing came for " + stall.toSeconds() + " s");
  }

  @Override
  public void close() throws IOException {
    watch.interrupt();
    in.close();
  }
}
