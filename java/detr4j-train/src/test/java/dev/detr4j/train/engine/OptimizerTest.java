package dev.detr4j.train.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.host.HostBackend;
import dev.detr4j.backend.reference.ReferenceBackendProvider;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What AdamW leaves alone; its steps are compared with torch's by {@code ./detr4j parity}. */
class OptimizerTest {
  private record Rising(String name, Shape shape) implements Weight {
    @Override
    public void read(MemorySegment destination) {
      for (int i = 0; i < shape.elements(); i++) {
        destination.setAtIndex(ValueLayout.JAVA_FLOAT, i, 1 + i);
      }
    }
  }

  /** A tensor that no gradient reaches keeps its values, decay or not. */
  @Test
  void leavesAloneWhatNoGradientReaches() {
    Parameter reached = new Parameter(new Rising("a", Shape.of(2, 3)));
    Parameter other = new Parameter(new Rising("b", Shape.of(2, 3)));
    try (HostBackend backend =
            (HostBackend) new ReferenceBackendProvider().open(new BackendOptions(1, null, 0));
        ParameterMemory memory = new ParameterMemory(backend, List.of(reached, other), false)) {
      AdamW optimizer =
          new AdamW(memory, backend.workers(), List.of(reached, other), parameter -> 0);
      memory.sum(reached, reached.shape());
      float before = other.values().getAtIndex(ValueLayout.JAVA_FLOAT, 0);
      float decayed = reached.values().getAtIndex(ValueLayout.JAVA_FLOAT, 0);
      optimizer.step(OptimizerSettings.of(List.of(new OptimizerSettings.Group(0.1, 0.5)), 0, 0), 0);
      assertEquals(before, other.values().getAtIndex(ValueLayout.JAVA_FLOAT, 0));
      assertEquals(decayed * 0.95f, reached.values().getAtIndex(ValueLayout.JAVA_FLOAT, 0), 1e-6);
    }
  }
}
