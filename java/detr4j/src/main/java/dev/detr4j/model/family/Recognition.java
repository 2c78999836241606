package dev.detr4j.model.family;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.OneLine;
import dev.detr4j.model.description.Assumption;
import dev.detr4j.model.description.ModelSource;
import dev.detr4j.model.names.TableNames;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Infers the model of a checkpoint that comes without a configuration.
 *
 * <p>The project shows in names that only one {@link CheckpointFormat} uses. Everything else its
 * format reads from shapes. What no shape tells is assumed as in the published models, and said.
 */
public final class Recognition {
  private static final String WRAPPER = "module.";

  /** A tensor that every Hugging Face checkpoint of the DETR family has. */
  private static final String HUGGING_FACE_MARK =
      "model.encoder.layers.0.self_attn_layer_norm.weight";

  private final TensorFile file;
  private final RecognitionOptions options;
  private final String prefix;

  private Recognition(TensorFile file, RecognitionOptions options) {
    this.file = file;
    this.options = options;
    this.prefix =
        !file.names().isEmpty() && file.names().stream().allMatch(name -> name.startsWith(WRAPPER))
            ? WRAPPER
            : "";
  }

  /**
   * Infers project and architecture from names and shapes.
   *
   * @param families those that are looked for
   * @throws CheckpointException when the project cannot be told, is another than the options say,
   *     or its tensors describe no model that is supported; the message says what was seen
   */
  public static RecognisedModel of(
      List<ModelFamily> families, TensorFile file, RecognitionOptions options) {
    Recognition recognition = new Recognition(file, options);
    return recognition.model(recognition.format(families));
  }

  private CheckpointFormat format(List<ModelFamily> families) {
    List<CheckpointFormat> known =
        families.stream().flatMap(family -> family.formats().stream()).toList();
    List<CheckpointFormat> fitting = new ArrayList<>();
    for (CheckpointFormat format : known) {
      if (format.marks().stream().allMatch(this::has)) {
        fitting.add(format);
      }
    }
    ModelSource asked = options.source();
    boolean huggingFace = has(HUGGING_FACE_MARK);
    if (huggingFace
        && (asked == ModelSource.HUGGING_FACE || (asked == null && fitting.isEmpty()))) {
      throw new CheckpointException(
          "checkpoint %s: its tensors have Hugging Face names; expected a config.json beside it"
              .formatted(file.container()));
    }
    for (CheckpointFormat format : fitting) {
      if (format.source() == asked) {
        return format;
      }
    }
    if (asked == null && fitting.size() == 1 && !huggingFace) {
      return fitting.getFirst();
    }
    List<ModelSource> sources = new ArrayList<>();
    if (huggingFace) {
      sources.add(ModelSource.HUGGING_FACE);
    }
    fitting.forEach(format -> sources.add(format.source()));
    throw unclear(asked, sources);
  }

  private CheckpointException unclear(@Nullable ModelSource asked, List<ModelSource> fitting) {
    List<String> names = file.names();
    String seen =
        names.stream().limit(3).map(OneLine::of).collect(Collectors.joining(", "))
            + (names.size() > 3 ? ", …" : "");
    return new CheckpointException(
        "checkpoint %s: %s (%d tensors: %s)"
            .formatted(
                file.container(),
                asked != null
                    ? "source "
                        + asked.id()
                        + " was asked for, but its names are those of "
                        + (fitting.isEmpty() ? "no known source" : ids(fitting))
                    : fitting.isEmpty()
                        ? "its names are those of no known source, expected one of "
                            + ids(List.of(ModelSource.values()))
                        : "its names fit " + ids(fitting) + ", expected one source",
                names.size(),
                seen));
  }

  private static String ids(List<ModelSource> sources) {
    return sources.stream().map(ModelSource::id).collect(Collectors.joining(", "));
  }

  private RecognisedModel model(CheckpointFormat format) {
    TensorEvidence tensors = new TensorEvidence(file, format, prefix);
    tensors.assume(
        Assumption.of(
            "attention has " + tensors.heads() + " heads, as in all published models", null));
    ModelConfig config = format.configuration(tensors, options);
    if (options.proposals() != null && !config.twoStage()) {
      throw tensors.wrong(
          "%d proposals were asked for, but the tensors are those of %s, which has queries of its own"
              .formatted(options.proposals(), config.variant()));
    }
    tensors.checkVariant(options, config);
    SourceBehaviour behaviour = format.behaviour().with(format.input(tensors));
    return new RecognisedModel(
        format.source(),
        config,
        new TableNames(format.names(), config.tiedHeads(), prefix),
        behaviour,
        tensors.assumed());
  }

  private boolean has(String name) {
    return file.shape(prefix + name).isPresent();
  }
}
