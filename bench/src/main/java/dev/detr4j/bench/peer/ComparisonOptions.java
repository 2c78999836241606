package dev.detr4j.bench.peer;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which models and which contenders: the options of every program that puts them side by side. */
final class ComparisonOptions {
  @Option(
      names = {"-m", "--model"},
      paramLabel = "DIR",
      description = {
        "A folder that make_models.py wrote, or a Hugging Face checkpoint directory; repeat it for several.",
        "Default: those that the targets name, in the folder of --models."
      })
  private List<Path> models = List.of();

  @Option(
      names = "--models",
      paramLabel = "DIR",
      description = "Where the models are that --model does not name. Default: ~/detr4j-models.")
  private @Nullable Path home;

  @Option(
      names = "--peers",
      split = ",",
      defaultValue = "onnxruntime",
      paramLabel = "PEER",
      description =
          "onnxruntime, torch, torch-bf16, djl, several of them, or none. Default: ${DEFAULT-VALUE}.")
  private List<String> peers = List.of();

  @Option(
      names = "--backends",
      split = ",",
      defaultValue = "c,vector",
      paramLabel = "KIND",
      description = {
        "detr4j's backends, or none. Default: ${DEFAULT-VALUE}.",
        "c-bf16 multiplies in bf16, so its difference from others is shown and not judged."
      })
  private List<String> backends = List.of();

  @Option(
      names = "--python",
      defaultValue = "python3",
      paramLabel = "FILE",
      description =
          "For the peers torch and torch-bf16: a Python with torch and transformers. Default: ${DEFAULT-VALUE}.")
  private String python = "python3";

  @Option(
      names = "--height",
      paramLabel = "ROWS",
      description =
          "Rows of the input; must be those of the exports. Default: those of the processor, 800 where it keeps the"
              + " aspect, birder's 640.")
  private @Nullable Integer height;

  @Option(
      names = "--width",
      paramLabel = "COLUMNS",
      description = "Columns of the input. Default: those of the processor, 1066, birder's 853.")
  private @Nullable Integer width;

  @Option(
      names = "--results",
      paramLabel = "DIR",
      description = "Where results are written. Default: bench/results of this checkout.")
  private @Nullable Path results;

  /**
   * The models.
   *
   * @throws ComparisonException when one is not there, or none is named and none of the usual ones
   *     is there
   */
  List<ModelFolder> models(List<String> usual) {
    if (!models.isEmpty()) {
      return models.stream().map(ModelFolder::of).toList();
    }
    Path folder = home != null ? home : Path.of(System.getProperty("user.home"), "detr4j-models");
    List<ModelFolder> found =
        usual.stream()
            .map(folder::resolve)
            .filter(Files::isDirectory)
            .map(ModelFolder::of)
            .toList();
    if (found.isEmpty()) {
      throw new ComparisonException(
          """
          no --model is named, and %s has none of %s. Models with weights by formula are made by
            python %smake_models.py %s
          (set-up: %sREADME.md)\
          """
              .formatted(
                  folder,
                  String.join(", ", usual),
                  ModelFolder.SCRIPTS,
                  folder,
                  ModelFolder.SCRIPTS));
    }
    return found;
  }

  List<Peer> peers() {
    return named(peers).map(Peer::of).distinct().toList();
  }

  List<OwnBackend> backends() {
    return named(backends).map(OwnBackend::of).distinct().toList();
  }

  private static Stream<String> named(List<String> words) {
    return words.stream().filter(word -> !word.equals("none"));
  }

  PeerTools tools() {
    return new PeerTools(python, root());
  }

  FormulaPixels pixels(ModelFolder model) {
    return FormulaPixels.of(
        height == null ? model.defaultHeight() : height,
        width == null ? model.defaultWidth() : width);
  }

  Path results() {
    return results == null ? root().resolve("bench/results") : results;
  }

  /** The launcher says where the checkout is; without it, it is where the user stands. */
  private static Path root() {
    return Path.of(System.getProperty("detr4j.home", ""));
  }
}
