package dev.detr4j.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.Detector;
import dev.detr4j.DetectorSession;
import dev.detr4j.WarmUp;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.image.ImageView;
import dev.detr4j.op.Convolution;
import dev.detr4j.profile.CallProfile;
import dev.detr4j.profile.StepTiming;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CallProfileTest {
  @TempDir Path folder;

  @Test
  void stepsExplainTheirCalls() {
    try (Detector detector = open();
        DetectorSession session = detector.newSession()) {
      ImageView picture = SmallModel.picture(96, 64, 1);
      CallProfile profile = session.profile(picture, 3);
      assertEquals(3, profile.calls().size());
      Set<String> labels = new HashSet<>();
      for (StepTiming step : profile.steps()) {
        assertTrue(labels.add(step.label()), step.label() + " stands twice");
        assertEquals(3, step.nanoseconds().size());
        assertEquals(
            step.op().outputs(step.inputs()).getFirst().shape(), step.outputs().getFirst());
        assertTrue(step.cost().bytes() > 0, step.label());
      }
      for (int round = 0; round < 3; round++) {
        long sum = 0;
        for (StepTiming step : profile.steps()) {
          sum += step.nanoseconds().get(round);
        }
        assertTrue(sum > 0 && sum <= profile.calls().get(round), sum + " of " + profile.calls());
      }
      List<StepTiming> steps = profile.steps();
      assertEquals("preprocess", steps.getFirst().label());
      assertEquals("backbone.stem", steps.get(1).label());
      assertTrue(steps.get(1).op() instanceof Convolution);
      assertThrows(IllegalArgumentException.class, () -> session.profile(picture, 0));
    }
  }

  @Test
  void warmingUpSaysWhatItDid() {
    try (Detector detector = open();
        DetectorSession session = detector.newSession()) {
      WarmUp until = session.warmUp(96, 64, Duration.ofMinutes(1));
      // One stretch to compare with and two that are no faster.
      assertTrue(until.calls() >= 3, until.toString());
      assertTrue(until.fastest().multipliedBy(until.calls()).compareTo(until.took()) <= 0);
      assertTrue(!until.steady() || until.lastChange() <= 0.03, until.toString());
      WarmUp once = session.warmUp(96, 64, Duration.ZERO);
      assertEquals(1, once.calls());
      assertTrue(!once.steady(), once.toString());
      assertTrue(once.toString().startsWith("not steady yet after 1 calls in "), once.toString());
    }
  }

  private Detector open() {
    return Detector.builder(SmallModel.writeBelow(folder))
        .backend(BackendKind.VECTOR)
        .threads(2)
        .build();
  }
}
