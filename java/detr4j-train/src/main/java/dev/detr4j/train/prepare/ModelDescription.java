package dev.detr4j.train.prepare;

import dev.detr4j.checkpoint.Checkpoint;
import dev.detr4j.error.OneLine;
import dev.detr4j.image.Orientation;
import dev.detr4j.image.Preprocessing;
import dev.detr4j.model.ModelFamilies;
import dev.detr4j.model.description.ModelSummary;
import dev.detr4j.model.family.RecognitionOptions;
import dev.detr4j.model.graph.TrainableModel;
import dev.detr4j.session.DetectorAssembly;
import dev.detr4j.train.TrainingException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * What training has to know of the starting model.
 *
 * @param name for people
 * @param digest of its weights
 * @param labels the classes of its heads, the column for no object not counted
 * @param queries how many objects it finds at most
 * @param decoderLayers how many there are
 * @param twoStage whether its encoder proposes the queries
 * @param softmax whether its classes share a softmax with a column for no object, as in DETR
 * @param preprocessing of images when it is used
 * @param orientation of images when it is used
 * @param parameters the number of its weights
 */
public record ModelDescription(
    String name,
    String digest,
    List<String> labels,
    int queries,
    int decoderLayers,
    boolean twoStage,
    boolean softmax,
    Preprocessing preprocessing,
    Orientation orientation,
    long parameters) {
  /** Copies the list. */
  public ModelDescription {
    labels = List.copyOf(labels);
  }

  /**
   * Reads what a Hugging Face folder says of its model.
   *
   * @param folder with {@code model.safetensors}
   * @param name for people
   * @throws TrainingException when models of the family cannot be trained
   */
  public static ModelDescription read(Path folder, String name) {
    DetectorAssembly assembly =
        DetectorAssembly.open(ModelFamilies.ALL, folder, RecognitionOptions.NONE, null);
    try (Checkpoint _ = assembly.checkpoint()) {
      ModelSummary summary = assembly.summary();
      if (!(assembly.model() instanceof TrainableModel)) {
        throw new TrainingException(
            "model %s is a %s, which cannot be trained yet; DETR and Deformable DETR can"
                .formatted(name, summary.architecture()));
      }
      return new ModelDescription(
          name,
          digest(folder.resolve("model.safetensors")),
          assembly.labels(),
          summary.queries(),
          summary.decoderLayers(),
          summary.twoStage(),
          assembly.model().numLogits() > assembly.labels().size(),
          assembly.preprocessing(),
          assembly.orientation(),
          summary.parameters());
    }
  }

  private static String digest(Path file) {
    try (InputStream bytes = Files.newInputStream(file)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      byte[] part = new byte[1 << 16];
      for (int count = bytes.read(part); count >= 0; count = bytes.read(part)) {
        digest.update(part, 0, count);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (IOException e) {
      throw new TrainingException(file + ": cannot be read: " + OneLine.of(e), e);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }

  /** The number of the class head that chooses proposals, or -1. */
  public int proposalsHead() {
    return twoStage ? decoderLayers : -1;
  }
}
