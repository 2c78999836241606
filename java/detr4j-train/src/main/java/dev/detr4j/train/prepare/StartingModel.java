package dev.detr4j.train.prepare;

import dev.detr4j.checkpoint.SafetensorsFile;
import dev.detr4j.checkpoint.StoredTensor;
import dev.detr4j.convert.HuggingFaceConversion;
import dev.detr4j.error.OneLine;
import dev.detr4j.model.family.RecognitionOptions;
import dev.detr4j.tensor.Shape;
import dev.detr4j.train.TrainingException;
import dev.detr4j.train.export.ModelCard;
import dev.detr4j.train.export.ModelExport;
import dev.detr4j.train.export.NamedWeight;
import dev.detr4j.train.head.ClassMap;
import dev.detr4j.train.head.NewHeads;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Writes the model that a run begins with: a Hugging Face folder, whatever project the starting
 * model is of, with class heads for the classes of the data. A training session opens it like any
 * model. Stateless.
 */
public final class StartingModel {
  private StartingModel() {}

  /**
   * Writes the folder, which is replaced where it exists.
   *
   * @param model a folder or file that {@code ./detr4j models convert} takes without options
   * @param heads which rows continue
   * @param seed of the new rows
   */
  public static void write(
      Path model, ModelDescription description, ClassMap heads, long seed, Path folder) {
    Path converted = folder.resolveSibling("." + folder.getFileName() + ".converted");
    try {
      remove(converted);
      Files.createDirectories(converted);
      try (HuggingFaceConversion conversion =
          HuggingFaceConversion.open(model, RecognitionOptions.NONE, null)) {
        conversion.write(converted);
      }
      ModelExport export =
          new ModelExport(
              Files.readAllBytes(converted.resolve("config.json")),
              Files.readAllBytes(converted.resolve("preprocessor_config.json")),
              heads.classes(),
              description.softmax(),
              null);
      NewHeads made = new NewHeads(heads, description.proposalsHead(), seed);
      try (Arena arena = Arena.ofConfined();
          SafetensorsFile file = SafetensorsFile.open(converted.resolve("model.safetensors"))) {
        export.write(folder, weights(file, made, arena), card(description, heads));
      }
      remove(converted);
    } catch (IOException e) {
      throw new TrainingException(
          folder + ": the starting model cannot be written: " + OneLine.of(e), e);
    }
  }

  private static List<NamedWeight> weights(SafetensorsFile file, NewHeads made, Arena arena) {
    List<NamedWeight> weights = new ArrayList<>();
    for (String name : file.names()) {
      StoredTensor tensor = file.tensor(name);
      MemorySegment values = arena.allocate(4 * tensor.shape().elements(), 64);
      tensor.read(values);
      weights.add(
          NewHeads.isClassHead(name)
              ? head(file, name, tensor.shape(), values, made, arena)
              : new NamedWeight(name, tensor.shape(), values));
    }
    return weights;
  }

  private static NamedWeight head(
      SafetensorsFile file,
      String name,
      Shape shape,
      MemorySegment values,
      NewHeads made,
      Arena arena) {
    boolean bias = shape.rank() == 1;
    int width = bias ? 1 : shape.get(1);
    int headWidth = bias ? file.tensor(name.replaceFirst("bias$", "weight")).shape().get(1) : width;
    float[] rows = made.remade(name, values.toArray(ValueLayout.JAVA_FLOAT), width, headWidth);
    Shape changed = bias ? Shape.of(made.rows(name)) : Shape.of(made.rows(name), width);
    return new NamedWeight(name, changed, arena.allocateFrom(ValueLayout.JAVA_FLOAT, rows));
  }

  private static ModelCard card(ModelDescription description, ClassMap heads) {
    return new ModelCard(
        "Start of a training run",
        description.name(),
        "the day of the run",
        "of the run",
        heads.classes(),
        List.of("none yet"),
        Map.of("class heads", heads.toString()),
        Map.of());
  }

  private static void remove(Path folder) throws IOException {
    for (String name : HuggingFaceConversion.FILES) {
      Files.deleteIfExists(folder.resolve(name));
    }
    Files.deleteIfExists(folder);
  }
}
