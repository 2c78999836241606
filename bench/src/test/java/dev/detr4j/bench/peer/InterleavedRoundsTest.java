package dev.detr4j.bench.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class InterleavedRoundsTest {
  private final StringBuilder order = new StringBuilder();

  @Test
  void everyRoundStartsWithAnotherContender() {
    List<Contender> contenders = List.of(new Recorder("a"), new Recorder("b"), new Recorder("c"));
    List<Timings> timings = new InterleavedRounds(1, 3, 0).run(contenders);
    assertEquals("abc" + "abc" + "bca" + "cab", order.toString());
    assertEquals(3, timings.size());
    assertEquals(3, timings.get(0).wall().sorted().length);
  }

  @Test
  void aTurnMayRepeatItsWorkAndReadAnotherClock() {
    Turn turn =
        new Turn() {
          @Override
          public void run() {}

          @Override
          public int repeats() {
            return 4;
          }

          @Override
          public long ownNanos() {
            return 8_000_000_000L;
          }
        };
    assertEquals(2, new InterleavedRounds(0, 1, 0).run(List.of(turn)).get(0).wall().median());
  }

  @Test
  void medianOfEvenAndOddCounts() {
    assertEquals(
        2,
        Timings.Series.ofNanos(new long[] {9_000_000_000L, 1_000_000_000L, 2_000_000_000L})
            .median());
    assertEquals(1.5, Timings.Series.ofNanos(new long[] {2_000_000_000L, 1_000_000_000L}).median());
  }

  private final class Recorder implements Contender {
    private final String name;

    Recorder(String name) {
      this.name = name;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public void run() {
      order.append(name);
    }

    @Override
    public RawOutputs outputs() {
      return new RawOutputs(0, new float[0], new float[0]);
    }

    @Override
    public void close() {}
  }
}
