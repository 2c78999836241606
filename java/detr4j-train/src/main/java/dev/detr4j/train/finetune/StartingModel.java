package dev.detr4j.train.finetune;

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
import dev.detr4j.train.prepare.ModelDescription;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The model that a run begins with, as a Hugging Face folder, whatever project it is of: first with
 * its own class heads, from which it is described, then with heads for the classes of the data. A
 * training session opens it like any model. Stateless.
 */
final class StartingModel {
  private StartingModel() {}

  /**
   * Writes a model as a Hugging Face folder, which is replaced where it exists.
   *
   * @param model a folder or file that {@code ./detr4j models convert} takes
   * @param options what a file without a configuration does not say
   * @param labels a file of class names, or null for those that the model brings
   * @return what of the project's behaviour the folder cannot carry, in one line each
   */
  static List<String> convert(
      Path model, RecognitionOptions options, @Nullable Path labels, Path folder) {
    try {
      ModelExport.discard(folder);
      Files.createDirectories(folder);
      try (HuggingFaceConversion conversion = HuggingFaceConversion.open(model, options, labels)) {
        conversion.write(folder);
        return conversion.notes();
      }
    } catch (IOException e) {
      throw unwritable(folder, e);
    }
  }

  /**
   * Writes the folder that a run begins with, which is replaced where it exists.
   *
   * @param converted what {@link #convert} wrote
   * @param heads which rows continue
   * @param seed of the new rows
   * @return what the run's exports are like
   */
  static ModelExport write(
      Path converted, ModelDescription description, ClassMap heads, long seed, Path folder) {
    try {
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
      return export;
    } catch (IOException e) {
      throw unwritable(folder, e);
    }
  }

  private static TrainingException unwritable(Path folder, IOException e) {
    return new TrainingException(
        folder + ": the starting model cannot be written: " + OneLine.of(e), e);
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
}
