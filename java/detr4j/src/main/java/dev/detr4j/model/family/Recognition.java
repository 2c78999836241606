package dev.detr4j.model.family;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.OneLine;
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
 * format reads from shapes. What no shape tells is taken from the options, else from what the
 * project stored beside its tensors ({@link TrainingRecords}), else assumed as in the published
 * models, and said.
 */
public final class Recognition {
  /** What wrappers of training put before every name. */
  private static final List<String> WRAPPERS = List.of("module.", "model.", "module.model.");

  /** A tensor that every Hugging Face checkpoint of the DETR family has. */
  private static final String HUGGING_FACE_MARK =
      "model.decoder.layers.0.self_attn_layer_norm.weight";

  private final List<CheckpointFormat> formats;
  private final TensorFile file;
  private final RecognitionOptions options;
  private final TrainingLeftovers leftovers;
  private final String prefix;

  private Recognition(List<CheckpointFormat> formats, TensorFile file, RecognitionOptions options) {
    this.formats = formats;
    this.file = file;
    this.options = options;
    this.leftovers = TrainingLeftovers.of(file);
    this.prefix = WRAPPERS.stream().filter(this::wraps).findFirst().orElse("");
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
    List<CheckpointFormat> formats =
        families.stream().flatMap(family -> family.formats().stream()).toList();
    Recognition recognition = new Recognition(formats, file, options);
    return recognition.model(recognition.format());
  }

  /** Whether a model lies below a wrapper, and nothing beside it but leftovers. */
  private boolean wraps(String wrapper) {
    return formats.stream().anyMatch(format -> fits(format, wrapper))
        && file.names().stream()
            .allMatch(name -> name.startsWith(wrapper) || leftovers.contains(name));
  }

  private boolean fits(CheckpointFormat format, String wrapper) {
    return format.marks().stream().allMatch(mark -> file.shape(wrapper + mark).isPresent());
  }

  private CheckpointFormat format() {
    List<CheckpointFormat> fitting = fitting();
    ModelSource asked = options.source();
    boolean huggingFace = file.shape(prefix + HUGGING_FACE_MARK).isPresent();
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

  /** The formats whose marks are all there; one whose marks another has as well gives way to it. */
  private List<CheckpointFormat> fitting() {
    List<CheckpointFormat> all = formats.stream().filter(format -> fits(format, prefix)).toList();
    return all.stream()
        .filter(format ->
            all.stream()
                .noneMatch(other ->
                    other.marks().size() > format.marks().size()
                        && other.marks().containsAll(format.marks())))
        .toList();
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
                        + " was requested, but its names are those of "
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
    TensorEvidence tensors = new TensorEvidence(file, format, prefix, options);
    leftovers.note().ifPresent(tensors::assume);
    ModelConfig config = format.configuration(tensors, options);
    if (options.proposals() != null && !config.twoStage()) {
      throw tensors.wrong(
          "%d proposals were asked for, but the tensors are those of %s, which has queries of its own"
              .formatted(options.proposals(), config.variant()));
    }
    tensors.check(config);
    SourceBehaviour behaviour = format.behaviour(tensors, config);
    return new RecognisedModel(
        format.source(),
        config,
        leftovers.beside(new TableNames(format.names(), config.tiedHeads(), prefix)),
        behaviour,
        tensors.assumed());
  }
}
