package dev.detr4j.cli.profile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class OtherProcessesTest {
  @Test
  void theShareIsWhatThisProcessDidNotTake() {
    assertEquals(0.25, OtherProcesses.share(0.75, 1_000, 1_000, 2), 1e-9);
    assertEquals(0, OtherProcesses.share(0.4, 1_000, 1_000, 2), "rounding of the system's clock");
    assertEquals(1, OtherProcesses.share(1, 0, 1_000, 2));
    assertTrue(Double.isNaN(OtherProcesses.share(-1, 0, 1_000, 2)));
    assertTrue(Double.isNaN(OtherProcesses.share(0.5, -1, 1_000, 2)));
  }

  @Test
  void onlyABusyMachineHasALine() {
    assertNull(OtherProcesses.line(0.05));
    assertNull(OtherProcesses.line(Double.NaN));
    assertEquals(
        "the machine was busy: other processes took 45 % of the processors, so times are too long; repeat when it is"
            + " idle",
        OtherProcesses.line(0.45));
  }

  /** With a process on every processor that does nothing else. */
  @Test
  void otherProcessesAreSeen() throws Exception {
    List<Process> spinning = new ArrayList<>();
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    try {
      for (int i = 0; i < Runtime.getRuntime().availableProcessors(); i++) {
        spinning.add(
            new ProcessBuilder(
                    java, "-cp", System.getProperty("java.class.path"), Spin.class.getName())
                .start());
      }
      for (Process each : spinning) {
        assertEquals('s', each.getInputStream().read());
      }
      OtherProcesses others = new OtherProcesses();
      Thread.sleep(500);
      double share = others.share();
      assertTrue(share > 0.1, "their part: " + share);
    } finally {
      spinning.forEach(Process::destroyForcibly);
    }
  }

  /** Spins until it is ended. */
  public static final class Spin {
    private Spin() {}

    /** Says that it begins. */
    public static void main(String[] arguments) {
      System.out.print("s");
      System.out.flush();
      long until = System.nanoTime() + 60_000_000_000L;
      while (System.nanoTime() < until) {
        Thread.onSpinWait();
      }
    }
  }
}
