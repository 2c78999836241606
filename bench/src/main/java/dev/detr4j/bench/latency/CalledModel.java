package dev.detr4j.bench.latency;

import dev.detr4j.BackendException;
import dev.detr4j.BackendKind;
import dev.detr4j.bench.model.BenchmarkModel;
import java.util.List;
import picocli.CommandLine.Option;

/** The options of what is called: model, picture, backends. */
final class CalledModel {
  @Option(
      names = "--model",
      defaultValue = BenchmarkModel.SMALL,
      description = "A model, or small (default), a golden one at 256x320.")
  private String model;

  @Option(
      names = "--size",
      defaultValue = "640x512",
      description = "Pixels of the picture (default: ${DEFAULT-VALUE}).")
  private String size;

  @Option(
      names = "--backends",
      split = ",",
      defaultValue = "c,vector",
      description = "Default: ${DEFAULT-VALUE}.")
  private List<String> backends;

  CalledModel() {}

  /**
   * To be called before anything is printed: a wrong name is to be the only line.
   *
   * @throws BackendException when a backend does not exist
   */
  void check() {
    backends.forEach(BackendKind::of);
  }

  String model() {
    return model;
  }

  String size() {
    return size;
  }

  List<String> backends() {
    return backends;
  }

  @Override
  public String toString() {
    return "model %s, picture %s".formatted(model, size);
  }
}
