package dev.detr4j.cli;

import dev.detr4j.cli.registry.LocalModel;
import dev.detr4j.cli.registry.LocalModels;
import dev.detr4j.convert.HuggingFaceConversion;
import dev.detr4j.error.CheckpointException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Writes any checkpoint as a Hugging Face model folder. */
@Command(
    name = "convert",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Writes a checkpoint of any project as a folder that transformers and detr4j load: config.json,"
          + " preprocessor_config.json, model.safetensors. The weights stay as they are.",
      "",
      "Standard error lists the behaviour of the project that the folder cannot express. birder's models are refused,"
          + " because transformers computes them differently."
    },
    parameterListHeading = "%n",
    optionListHeading = "%nOptions:%n",
    footer = {
      "",
      "Example: detr4j models convert r50_deformable_detr-checkpoint.pth deformable-detr/"
    })
final class ConvertCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(
      index = "0",
      paramLabel = "IN",
      description = "A checkpoint, a model folder, or a name that `detr4j models` lists.")
  private Path in;

  @Parameters(index = "1", paramLabel = "OUT", description = "The folder to write.")
  private Path out;

  @Option(
      names = "--force",
      description = "Replace these files if OUT has them; other files in OUT stay.")
  private boolean force;

  @Mixin private ModelOptions modelOptions;

  ConvertCommand() {}

  @Override
  public Integer call() throws IOException {
    PrintWriter err = spec.commandLine().getErr();
    refuseToOverwrite();
    LocalModel model = LocalModels.resolve(in);
    try (HuggingFaceConversion conversion =
        HuggingFaceConversion.open(
            model.path(), modelOptions.recognition(model), modelOptions.labels())) {
      Path target = out.toAbsolutePath().normalize();
      try {
        write(conversion, target);
      } catch (IOException e) {
        throw new CheckpointException(out + ": cannot be written: " + Main.explained(e), e);
      }
      conversion.notes().forEach(note -> err.println("detr4j: " + note));
    }
    spec.commandLine().getOut().println(out);
    spec.commandLine().getOut().flush();
    return 0;
  }

  private void refuseToOverwrite() {
    if (Files.exists(out) && !Files.isDirectory(out)) {
      throw new CheckpointException(out + ": is a file, expected a folder");
    }
    List<String> there =
        HuggingFaceConversion.FILES.stream()
            .filter(name -> Files.exists(out.resolve(name)))
            .toList();
    if (!there.isEmpty() && !force) {
      throw new CheckpointException(
          "%s: already has %s; --force replaces them".formatted(out, String.join(", ", there)));
    }
  }

  /**
   * A new folder appears whole; in one that exists each file is replaced in one step. Written is on
   * the same file system, so that a rename is enough.
   */
  private static void write(HuggingFaceConversion conversion, Path target) throws IOException {
    boolean there = Files.exists(target);
    Path parent = there ? target : target.getParent();
    if (parent == null) {
      throw new CheckpointException(target + ": not a folder that can be created");
    }
    Files.createDirectories(parent);
    String name = "." + target.getFileName() + "." + ProcessHandle.current().pid() + ".partial";
    Path aside = parent.resolve(name);
    remove(aside);
    Files.createDirectory(aside);
    try {
      conversion.write(aside);
      if (!there) {
        Files.move(aside, target, StandardCopyOption.ATOMIC_MOVE);
        return;
      }
      for (String file : HuggingFaceConversion.FILES) {
        Files.move(
            aside.resolve(file),
            target.resolve(file),
            StandardCopyOption.ATOMIC_MOVE,
            StandardCopyOption.REPLACE_EXISTING);
      }
    } finally {
      remove(aside);
    }
  }

  private static void remove(Path folder) throws IOException {
    if (Files.isDirectory(folder)) {
      try (Stream<Path> files = Files.list(folder)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
      Files.delete(folder);
    }
  }
}
