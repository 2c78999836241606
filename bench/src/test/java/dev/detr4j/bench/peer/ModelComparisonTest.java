package dev.detr4j.bench.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.detr4j.bench.peer.ComparisonReport.Group;
import dev.detr4j.bench.peer.ModelComparison.Entry;
import java.util.List;
import org.junit.jupiter.api.Test;

class ModelComparisonTest {
  private static final ModelComparison COMPARISON =
      new ModelComparison(new InterleavedRounds(1, 3, 0), 1e-3f);

  private int open;

  @Test
  void outputsAreComparedWithTheFirst() {
    Group group =
        COMPARISON.run(
            2,
            List.of(
                new Entry(Peer.ONNXRUNTIME, false, () -> new Fixed("peer", 1)),
                new Entry(null, false, () -> new Fixed("ours", 1.0005f)),
                new Entry(null, true, () -> new Fixed("rounded", 3))));
    assertEquals(2, group.threads());
    assertEquals("peer", group.peers().getFirst().name());
    assertNull(group.rows().getFirst().difference());
    RawOutputs.Difference difference = group.rows().get(1).difference();
    assertNotNull(difference);
    assertEquals(5e-4f, difference.logits(), 1e-6f);
    assertEquals(
        new RawOutputs.Difference(2, 0, 0), group.rows().getLast().difference(), "not judged");
    assertEquals(0, open);
  }

  @Test
  void anotherResultEndsTheComparison() {
    List<Entry> entries =
        List.of(
            new Entry(Peer.ONNXRUNTIME, false, () -> new Fixed("peer", 1)),
            new Entry(null, false, () -> new Fixed("ours", 1.01f)));
    ComparisonException e =
        assertThrows(ComparisonException.class, () -> COMPARISON.run(1, entries));
    assertEquals(
        "ours does not compute what peer computes: logits 1.0e-02, boxes 0.0e+00, 0 queries moved;"
            + " expected logits and boxes within 1e-03",
        e.getMessage());
    assertEquals(0, open);
  }

  @Test
  void anotherBoxEndsTheComparison() {
    List<Entry> entries =
        List.of(
            new Entry(Peer.ONNXRUNTIME, false, () -> new Fixed("peer", 1)),
            new Entry(null, false, () -> new Fixed("ours", 1, 0.01f)));
    assertThrows(ComparisonException.class, () -> COMPARISON.run(1, entries));
    assertEquals(0, open);
  }

  @Test
  void whatWasLoadedIsClosedWhenTheNextCannotBe() {
    List<Entry> entries =
        List.of(
            new Entry(Peer.ONNXRUNTIME, false, () -> new Fixed("peer", 1)),
            new Entry(
                null,
                false,
                () -> {
                  throw new ComparisonException("no such file");
                }));
    assertThrows(ComparisonException.class, () -> COMPARISON.run(1, entries));
    assertEquals(0, open);
  }

  private final class Fixed implements Contender {
    private final String name;
    private final float logit;
    private final float edge;

    Fixed(String name, float logit) {
      this(name, logit, 0);
    }

    Fixed(String name, float logit, float edge) {
      this.name = name;
      this.logit = logit;
      this.edge = edge;
      open++;
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public void run() {}

    @Override
    public RawOutputs outputs() {
      return new RawOutputs(1, new float[] {logit}, new float[] {edge, 0, 0, 0});
    }

    @Override
    public void close() {
      open--;
    }
  }
}
