package dev.detr4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InfoAndParityCommandTest {
  @TempDir Path folder;

  @Test
  void infoNamesEveryBackendAndTheModel() throws IOException {
    CliRun run = CliRun.of("info", "--model", CliRun.smallModel(folder.resolve("model")));
    assertEquals(0, run.exit(), run.err());
    for (String line :
        new String[] {
          "(?m)^  cuda ", "(?m)^  c ", "(?m)^  vector ", "(?m)^  reference     yes: java"
        }) {
      assertTrue(run.out().split(line, -1).length > 1, run.out());
    }
    assertTrue(run.out().contains("Deformable DETR"), run.out());
    assertTrue(run.out().contains("million"), run.out());
  }

  @Test
  void parityPrintsStagesAndPasses() {
    CliRun run =
        CliRun.of(
            "parity",
            "../../weights/golden",
            "--backend",
            "reference",
            "--case",
            "models/hf_deformable_small_eps",
            "--case",
            "msda/msda_00");
    assertEquals(0, run.exit(), run.out() + run.err());
    assertTrue(run.out().contains("backbone.0"), run.out());
    assertTrue(run.out().contains("by boxes"), run.out());
    assertTrue(run.out().contains("2 runs of cases"), run.out());
    assertTrue(run.out().contains(" 0 miss; 0 errors; 0 cases not run"), run.out());
  }

  @Test
  void aMissIsAFailure() throws IOException {
    Path set = folder.resolve("set/models/small");
    Files.createDirectories(set);
    for (String name : CliRun.names(CliRun.SMALL_MODEL)) {
      Files.copy(CliRun.SMALL_MODEL.resolve(name), set.resolve(name));
    }
    Path manifest = set.resolve("manifest.json");
    Files.writeString(
        manifest, Files.readString(manifest).replaceFirst("\"seed\": ", "\"seed\": 7"));
    CliRun run = CliRun.of("parity", folder.resolve("set"), "--backend", "reference", "--worst");
    assertEquals(1, run.exit(), run.out());
    assertTrue(run.out().contains("MISS"), run.out());
    assertTrue(run.out().contains("miss models/small on reference java, backbone.0"), run.out());
  }

  @Test
  void aBackendThatIsMissingIsAnError() {
    CliRun.of("parity", "../../weights/golden", "--backend", "cuda")
        .assertRefused(1, "backend cuda", "cannot be used");
    CliRun.of("parity", "../../weights/golden", "--case", "nonsense")
        .assertRefused(2, "no case", "nonsense");
    CliRun.of("parity", folder).assertRefused(1, "golden set");
  }
}
