package dev.detr4j.bench.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.train.match.Targets;
import dev.detr4j.train.recipe.Freezing;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** The command on small pictures; no time is asserted. */
class TrainStepTest {
  private static final Path CODES = Path.of("../weights/codes/model");

  /** What peers/python/torch_trainer.py prints for the same image. */
  @Test
  void boxesAreThoseOfThePythonScript() {
    Targets first = new TrainingCase(CODES, 96, 96, 2, Freezing.NOTHING).targets(5).getFirst();
    assertEquals(TrainingCase.BOXES, first.count());
    assertArrayEquals(new int[] {0, 1, 2, 3, 4, 0}, first.labels());
    float[] box = {first.boxes()[0], first.boxes()[1], first.boxes()[2], first.boxes()[3]};
    assertArrayEquals(new float[] {0.5472136f, 0.3944272f, 0.3562306f, 0.2416408f}, box, 1e-6f);
  }

  @Test
  void stepsLearnAndEveryPartIsTimed() {
    TrainingCase of = new TrainingCase(CODES.toAbsolutePath(), 96, 96, 2, Freezing.BACKBONE);
    try (OwnTraining training = new OwnTraining(of, "vector", 1)) {
      training.run();
      double first = training.loss();
      for (int i = 0; i < 3; i++) {
        training.run();
      }
      assertTrue(training.loss() < first, first + " became " + training.loss());
      assertEquals(List.of(OwnTraining.Phase.values()), List.copyOf(training.phases().keySet()));
      assertTrue(training.heldBytes() > 0 && training.packing() > 0);
    }
  }

  @Test
  void theCommandPrintsStepsPartsAndOperations() {
    StringWriter out = new StringWriter();
    int code =
        new CommandLine(new MeasureTraining())
            .setOut(new PrintWriter(out))
            .execute(
                "-m",
                CODES.toString(),
                "--size",
                "96x96",
                "--batch",
                "1",
                "--backends",
                "vector",
                "--threads",
                "1",
                "--warm-up",
                "1",
                "--rounds",
                "1",
                "--no-memory",
                "--operations");
    assertEquals(0, code);
    String report = out.toString();
    assertTrue(report.contains("A step of training: model, batch of 1, 96 x 96"), report);
    assertTrue(report.contains("| detr4j vector"), report);
    assertTrue(report.contains("| backward | "), report);
  }
}
