package dev.detr4j.bench.latency;

import dev.detr4j.backend.BackendKind;
import dev.detr4j.bench.model.BenchmarkModel;
import dev.detr4j.error.BackendException;
import java.io.File;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options of what is called: model, picture, backends. */
final class CalledModel {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

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
   * @throws ParameterException when the size is none
   */
  void check() {
    backends.forEach(BackendKind::of);
    require(
        size.matches("[1-9]\\d{0,3}x[1-9]\\d{0,3}"),
        "--size is " + size + ", expected width and height as in 640x512");
  }

  /** Throws {@link ParameterException} unless it holds. */
  void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new ParameterException(spec.commandLine(), otherwise);
    }
  }

  String model() {
    return model;
  }

  /** The model as part of a file name: its path's last two names, which tell models apart. */
  String word() {
    Path path = Path.of(model).normalize();
    int names = path.getNameCount();
    return path.subpath(Math.max(0, names - 2), names).toString().replace(File.separatorChar, '-');
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
