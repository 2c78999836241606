package dev.detr4j.train.finetune;

import dev.detr4j.train.run.TrainingRun;
import java.nio.file.Path;

/** The program of docs/training.md: model, data and output folder, epochs. */
public final class TrainOnPhotos {
  private TrainOnPhotos() {}

  public static void main(String[] arguments) {
    Path model = Path.of(arguments[0]);
    Path data = Path.of(arguments[1]);
    Path output = Path.of(arguments[2]);
    int epochs = Integer.parseInt(arguments[3]);
    try (FineTuning tuning = FineTuning.of(model, data, output).epochs(epochs).open()) {
      tuning.findings().forEach(System.err::println);
      TrainingRun.Result result = tuning.run();
      System.out.println(result.best() + " in " + tuning.bestModel());
    }
  }
}
