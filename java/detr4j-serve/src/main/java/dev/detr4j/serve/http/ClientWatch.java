package dev.detr4j.serve.http;

import io.helidon.common.buffers.DataReader;
import io.helidon.webserver.ConnectionContext;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.channels.SocketChannel;

/**
 * Looks whether a client is still there, by reading for a millisecond while nothing is due to come.
 * What comes all the same is the next request of a client that does not wait; it stays in the
 * reader. Stateless.
 */
final class ClientWatch {
  private static final int LOOK_MILLISECONDS = 1;

  private ClientWatch() {}

  static boolean left(ConnectionContext context, SocketChannel channel, int readMilliseconds) {
    DataReader reader = context.dataReader();
    if (reader.available() > 0) {
      return false;
    }
    try {
      channel.socket().setSoTimeout(LOOK_MILLISECONDS);
      try {
        reader.pullData();
        return false;
      } finally {
        channel.socket().setSoTimeout(readMilliseconds);
      }
    } catch (DataReader.InsufficientDataAvailableException e) {
      return true; // the end of the stream
    } catch (IOException e) {
      return true;
    } catch (RuntimeException e) {
      return !timedOut(e);
    }
  }

  /** Whether a read ended because nothing came. */
  static boolean timedOut(Throwable e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof SocketTimeoutException) {
        return true;
      }
    }
    return false;
  }
}
