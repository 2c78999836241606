package dev.detr4j.bench.peer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class TorchProcessTest {
  @Test
  void itsOwnClockCountsAndOutputsComeAsBytes() {
    try (TorchProcess torch = new TorchProcess(FixtureProcess.command("well"))) {
      assertEquals("PyTorch of the fixture", torch.name());
      assertNotEquals(ProcessHandle.current().pid(), torch.pid());
      Timings timings = new InterleavedRounds(1, 3, 0).run(List.of(torch)).getFirst();
      assertEquals(2, timings.wall().median());
      assertEquals(3, timings.cpu().median());
      RawOutputs outputs = torch.outputs();
      assertEquals(2, outputs.queries());
      assertArrayEquals(FixtureProcess.LOGITS, outputs.logits());
      assertArrayEquals(FixtureProcess.BOXES, outputs.boxes());
    }
  }

  @Test
  void aMissingTorchIsSaidInItsOwnWords() {
    assertRefused(
        FixtureProcess.command("no torch"), "ModuleNotFoundError: No module named 'torch'");
  }

  @Test
  void aMissingPythonIsNamed() {
    assertRefused(List.of("/nowhere/python3"), "/nowhere/python3 cannot be started");
  }

  @Test
  void aProcessThatEndsSaysWithWhichCode() {
    assertRefused(FixtureProcess.command("silent"), "the process ended with code 7");
    try (TorchProcess torch = new TorchProcess(FixtureProcess.command("dies"))) {
      ComparisonException e = assertThrows(ComparisonException.class, torch::run);
      assertEquals("PyTorch failed: the process ended with code 3", e.getMessage());
    }
  }

  private static void assertRefused(List<String> command, String words) {
    ComparisonException e =
        assertThrows(ComparisonException.class, () -> new TorchProcess(command).close());
    String message = String.valueOf(e.getMessage());
    assertTrue(message.contains(words) && message.contains("--python"), message);
  }
}
