package dev.detr4j.bench.train;

import dev.detr4j.bench.peer.ProcessMemory;
import java.nio.file.Path;

/**
 * Makes two steps and prints the most memory that the process ever held, in bytes. The child
 * process of {@link MeasureTraining}.
 */
public final class StepMemory {
  private StepMemory() {}

  /** Arguments: model, height, width, batch, what is trained, backend, threads. */
  public static void main(String[] arguments) {
    TrainingCase of =
        new TrainingCase(
            Path.of(arguments[0]),
            Integer.parseInt(arguments[1]),
            Integer.parseInt(arguments[2]),
            Integer.parseInt(arguments[3]),
            TrainingCase.freezing(arguments[4]));
    try (OwnTraining training = new OwnTraining(of, arguments[5], Integer.parseInt(arguments[6]))) {
      training.run();
      training.run();
      System.out.println(ProcessMemory.of(ProcessHandle.current().pid()).peak());
    }
  }

  /** What {@link #main} takes. */
  static String[] arguments(TrainingCase of, String backend, int threads) {
    return new String[] {
      of.model().toString(),
      Integer.toString(of.height()),
      Integer.toString(of.width()),
      Integer.toString(of.batch()),
      of.trained(),
      backend,
      Integer.toString(threads)
    };
  }
}
