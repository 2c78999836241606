package dev.detr4j.train.export;

import dev.detr4j.error.OneLine;
import dev.detr4j.image.PixelSize;
import dev.detr4j.train.TrainingException;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Writes a fine-tuned model as a Hugging Face folder, which transformers, {@code ./detr4j} and this
 * library load.
 *
 * @param config {@code config.json} of the starting model
 * @param preprocessor {@code preprocessor_config.json} of the starting model
 * @param classes of the data, by label
 * @param softmax whether the model is a DETR, not a Deformable DETR
 * @param fixedSize the size of every picture where another one was trained for; else null
 */
public record ModelExport(
    byte[] config,
    byte[] preprocessor,
    List<String> classes,
    boolean softmax,
    @Nullable PixelSize fixedSize) {
  private static final List<String> FILES =
      List.of("config.json", "preprocessor_config.json", "model.safetensors", "README.md");

  /** Copies the list. */
  public ModelExport {
    classes = List.copyOf(classes);
  }

  /**
   * Writes a folder aside and puts it in place in one step; an older export is kept until then.
   *
   * @param weights with the names of files, tied ones once
   * @throws TrainingException for a weight that is not finite, or a folder that cannot be written
   */
  public void write(Path folder, List<NamedWeight> weights, ModelCard card) {
    check(weights);
    Path target = folder.toAbsolutePath().normalize();
    Path parent = target.getParent();
    if (parent == null) {
      throw new TrainingException(folder + ": not a folder that can be created");
    }
    Path aside = parent.resolve("." + target.getFileName() + ".partial");
    Path before = parent.resolve("." + target.getFileName() + ".before");
    try {
      Files.createDirectories(parent);
      remove(aside);
      Files.createDirectory(aside);
      Files.write(aside.resolve("config.json"), ConfigRewrite.config(config, classes, softmax));
      Files.write(
          aside.resolve("preprocessor_config.json"),
          fixedSize == null
              ? preprocessor
              : ConfigRewrite.fixedSize(preprocessor, fixedSize.width(), fixedSize.height()));
      WeightsFile.write(aside.resolve("model.safetensors"), weights);
      Files.writeString(aside.resolve("README.md"), card.markdown(), StandardCharsets.UTF_8);
      remove(before);
      if (Files.exists(target)) {
        Files.move(target, before, StandardCopyOption.ATOMIC_MOVE);
      }
      Files.move(aside, target, StandardCopyOption.ATOMIC_MOVE);
      remove(before);
    } catch (IOException e) {
      throw new TrainingException(folder + ": cannot be written: " + OneLine.of(e), e);
    }
  }

  /**
   * Removes a folder of a model, with those of the files of an export that it has; nothing where
   * there is none.
   */
  public static void discard(Path folder) {
    try {
      for (String name : FILES) {
        Files.deleteIfExists(folder.resolve(name));
      }
      Files.deleteIfExists(folder);
    } catch (IOException e) {
      throw new TrainingException(folder + ": cannot be removed: " + OneLine.of(e), e);
    }
  }

  private static void check(List<NamedWeight> weights) {
    Set<String> names = new HashSet<>();
    for (NamedWeight weight : weights) {
      if (!names.add(weight.name())) {
        throw new IllegalArgumentException(weight.name() + " stands twice");
      }
      for (long i = 0; i < weight.shape().elements(); i++) {
        float value = weight.values().get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * i);
        if (!Float.isFinite(value)) {
          throw new TrainingException(
              "tensor %s holds %s at element %d; nothing was written"
                  .formatted(weight.name(), value, i));
        }
      }
    }
  }

  private static void remove(Path folder) throws IOException {
    if (Files.isDirectory(folder)) {
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }
}
