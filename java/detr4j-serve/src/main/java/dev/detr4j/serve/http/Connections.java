package dev.detr4j.serve.http;

import io.helidon.common.socket.SocketOptions;
import io.helidon.http.Headers;
import io.helidon.http.HttpPrologue;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.http1.Http1ConnectionListener;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The open connections, known by the address of the client: Helidon shows a handler neither the
 * socket nor the reader, but it shows the socket to the options of a connection and the reader to a
 * listener. With both, a handler can see that its client has left, and connections end in time
 * whose clients send no request, one byte now and then, or do not read their answer.
 */
final class Connections implements Http1ConnectionListener, SocketOptions, AutoCloseable {
  private static final long SWEEP_MILLISECONDS = 1_000;

  /** The connection whose request this thread answers. */
  private static final ThreadLocal<@Nullable ConnectionContext> CURRENT = new ThreadLocal<>();

  /** One connection. */
  private static final class State {
    final SocketChannel channel;

    /** Since when it owes the head of a request; 0 while a request is being answered. */
    volatile long waitingSince = System.nanoTime();

    /** Since when its client owes to read an answer; 0 while none is sent. */
    volatile long sendingSince;

    State(SocketChannel channel) {
      this.channel = channel;
    }
  }

  private final SocketOptions delegate = SocketOptions.builder().tcpNoDelay(true).build();
  private final Map<SocketAddress, State> open = new ConcurrentHashMap<>();
  private final Duration idleTime;
  private final int readMilliseconds;
  private final int idleMilliseconds;
  private final Thread sweeper;

  Connections(Duration idleTime, Duration readTime) {
    this.idleTime = idleTime;
    this.readMilliseconds = (int) Math.min(Integer.MAX_VALUE, readTime.toMillis());
    this.idleMilliseconds = (int) Math.min(Integer.MAX_VALUE, idleTime.toMillis());
    this.sweeper = Thread.ofPlatform().daemon().name("detr4j-serve-connections").start(this::sweep);
  }

  /** A client was accepted. */
  @Override
  public void configureSocket(SocketChannel channel) {
    delegate.configureSocket(channel);
    try {
      channel.socket().setSoTimeout(idleMilliseconds);
      open.put(channel.getRemoteAddress(), new State(channel));
    } catch (IOException e) {
      // It has left already; the server will notice.
    }
  }

  /** The first line of a request was read, by the thread that will answer it. */
  @Override
  public void prologue(ConnectionContext context, HttpPrologue prologue) {
    CURRENT.set(context);
  }

  /** The head of a request was read. */
  @Override
  public void headers(ConnectionContext context, Headers headers) {
    State state = state(context);
    if (state != null) {
      state.waitingSince = 0;
      readTime(state, readMilliseconds);
    }
  }

  /** The answer to the request of this thread is about to be sent: a write has no time limit. */
  void sending() {
    State state = current();
    if (state != null) {
      state.sendingSince = System.nanoTime();
    }
  }

  /** The request of this thread was answered. */
  void answered() {
    State state = current();
    if (state != null) {
      state.sendingSince = 0;
      state.waitingSince = System.nanoTime();
      readTime(state, idleMilliseconds);
    }
  }

  private @Nullable State current() {
    ConnectionContext context = CURRENT.get();
    return context == null ? null : state(context);
  }

  private @Nullable State state(ConnectionContext context) {
    return open.get(context.remotePeer().address());
  }

  /**
   * Whether the client of this thread's request has closed its side. The body must have been read.
   */
  boolean clientLeft() {
    ConnectionContext context = CURRENT.get();
    State state = context == null ? null : state(context);
    return context != null
        && state != null
        && ClientWatch.left(context, state.channel, readMilliseconds);
  }

  /** Gives the reads of this thread's connection another time limit. */
  void readTime(int milliseconds) {
    State state = current();
    if (state != null) {
      readTime(state, milliseconds);
    }
  }

  private static void readTime(State state, int milliseconds) {
    try {
      state.channel.socket().setSoTimeout(milliseconds);
    } catch (IOException e) {
      // Closed: the next read will say so.
    }
  }

  private void sweep() {
    try {
      while (true) {
        Thread.sleep(SWEEP_MILLISECONDS);
        long now = System.nanoTime();
        open.values().removeIf(each -> !each.channel.isOpen());
        for (State each : open.values()) {
          if (overdue(each.waitingSince, now) || overdue(each.sendingSince, now)) {
            each.channel.close();
          }
        }
      }
    } catch (InterruptedException e) {
      // The server has stopped.
    } catch (IOException e) {
      throw new AssertionError("closing a channel does not fail", e);
    }
  }

  private boolean overdue(long since, long now) {
    return since != 0 && now - since > idleTime.toNanos();
  }

  @Override
  public void close() {
    sweeper.interrupt();
  }

  @Override
  public Map<SocketOption<?>, Object> socketOptions() {
    return delegate.socketOptions();
  }

  @Override
  public Duration connectTimeout() {
    return delegate.connectTimeout();
  }

  @Override
  public Duration readTimeout() {
    return delegate.readTimeout();
  }

  @Override
  public Optional<Integer> socketReceiveBufferSize() {
    return delegate.socketReceiveBufferSize();
  }

  @Override
  public Optional<Integer> socketSendBufferSize() {
    return delegate.socketSendBufferSize();
  }

  @Override
  public boolean socketReuseAddress() {
    return delegate.socketReuseAddress();
  }

  @Override
  public boolean socketKeepAlive() {
    return delegate.socketKeepAlive();
  }

  @Override
  public boolean tcpNoDelay() {
    return delegate.tcpNoDelay();
  }
}
