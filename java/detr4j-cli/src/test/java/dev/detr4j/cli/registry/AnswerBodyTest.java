package dev.detr4j.cli.registry;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Flow.Subscription;
import org.junit.jupiter.api.Test;

/** What a body gives when its events come in an awkward order. */
class AnswerBodyTest {
  private static final Duration LONG = Duration.ofSeconds(20);

  private final AnswerBody body = new AnswerBody();
  private final Asked asked = new Asked();

  /** The client's side. */
  private static final class Asked implements Subscription {
    private long requested;
    private boolean cancelled;

    @Override
    public void request(long n) {
      requested += n;
    }

    @Override
    public void cancel() {
      cancelled = true;
    }
  }

  private byte[] read(int most) throws IOException {
    byte[] block = new byte[most];
    int n = body.read(block, LONG);
    return n < 0 ? new byte[0] : Arrays.copyOf(block, n);
  }

  private static ByteBuffer bytes(int... values) {
    ByteBuffer buffer = ByteBuffer.allocate(values.length);
    Arrays.stream(values).forEach(value -> buffer.put((byte) value));
    return buffer.flip();
  }

  @Test
  void whatArrivedIsReadBeforeTheFailure() throws IOException {
    body.onSubscribe(asked);
    body.onNext(List.of(bytes(1, 2, 3), bytes(), bytes(4)));
    body.onNext(List.of(bytes(5)));
    body.onError(new EOFException("the connection broke"));
    assertArrayEquals(new byte[] {1, 2}, read(2));
    assertArrayEquals(new byte[] {3}, read(2));
    assertArrayEquals(new byte[] {4}, read(2));
    assertArrayEquals(new byte[] {5}, read(2));
    for (int i = 0; i < 2; i++) {
      IOException failure = assertThrows(IOException.class, () -> read(2));
      assertEquals("the connection broke", failure.getMessage());
    }
  }

  @Test
  void oneListIsAskedForAtATime() throws IOException {
    body.onSubscribe(asked);
    assertEquals(1, asked.requested);
    body.onNext(List.of(bytes(1), bytes(2)));
    assertEquals(1, asked.requested);
    read(1);
    read(1);
    assertEquals(2, asked.requested);
    body.onComplete();
    assertEquals(-1, body.read(new byte[1], LONG));
    assertEquals(-1, body.read(new byte[1], LONG));
  }

  @Test
  void silenceIsAFailure() {
    body.onSubscribe(asked);
    IOException failure =
        assertThrows(IOException.class, () -> body.read(new byte[1], Duration.ofMillis(1)));
    assertTrue(String.valueOf(failure.getMessage()).startsWith("no data for"));
  }

  @Test
  void closingEndsTheConnectionWheneverItBegan() {
    body.onSubscribe(asked);
    body.close();
    assertTrue(asked.cancelled);
    AnswerBody early = new AnswerBody();
    early.close();
    early.close();
    Asked late = new Asked();
    early.onSubscribe(late);
    assertTrue(late.cancelled);
    assertEquals(0, late.requested);
  }
}
