package dev.detr4j.backend.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FreeMemoryTest {
  @TempDir Path folder;

  @Test
  void theMachineSaysWhatIsAvailable() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("meminfo"),
            "MemTotal:       24615404 kB\nMemFree:        23001234 kB\nMemAvailable:    1024 kB\n");
    assertEquals(1 << 20, FreeMemory.available(file));
    assertEquals(-1, FreeMemory.available(folder.resolve("missing")));
    assertEquals(
        -1, FreeMemory.available(Files.writeString(folder.resolve("other"), "MemTotal: 1 kB\n")));
  }

  @Test
  void aContainerLeavesWhatItsLimitDoes() throws IOException {
    assertEquals(-1, FreeMemory.left(folder));
    Files.writeString(folder.resolve("memory.current"), "3000000\n");
    Files.writeString(folder.resolve("memory.max"), "max\n");
    assertEquals(-1, FreeMemory.left(folder));
    Files.writeString(folder.resolve("memory.max"), "5000000\n");
    assertEquals(2_000_000, FreeMemory.left(folder));
    Files.writeString(folder.resolve("memory.max"), "2000000\n");
    assertEquals(0, FreeMemory.left(folder));
  }

  @Test
  void linuxTells() {
    Assumptions.assumeTrue(Files.exists(Path.of("/proc/meminfo")), "this is not Linux");
    assertTrue(FreeMemory.bytes() > 0);
  }
}
