package dev.detr4j.model.family;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.OneLine;
import dev.detr4j.model.description.ModelSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What projects store about a model beside its state dict, as plain values: {@code args}, the
 * options of the training run, in files of DETR, Deformable DETR and Conditional DETR; {@code meta}
 * with the class names and the text of the configuration in files of mmdetection. Each may be
 * absent.
 */
public final class TrainingRecords {
  /** A record that a message can name, and what it holds. */
  public record Named<T>(String name, T value) {}

  private static final int MOST = 1 << 20;
  private static final Pattern CONFIGURED_QUERIES =
      Pattern.compile("\\bnum_quer(?:y|ies)\\s*=\\s*(\\d{1,6})\\b");

  private final String container;
  private final ModelSource source;
  private final Map<?, ?> metadata;

  private TrainingRecords(String container, ModelSource source, Map<?, ?> metadata) {
    this.container = container;
    this.source = source;
    this.metadata = metadata;
  }

  /** The records of a file; none for a container that has no place for them. */
  static TrainingRecords of(TensorFile file, ModelSource source) {
    return new TrainingRecords(file.container(), source, file.plainValues());
  }

  /** The attention heads that {@code args.nheads} gives. */
  public Optional<Named<Integer>> heads() {
    return integer("nheads");
  }

  /** How many queries the training run was told to have. */
  public Optional<Named<Integer>> queries() {
    if (source != ModelSource.MMDETECTION) {
      return integer("num_queries");
    }
    if (!(entries(metadata.get("meta")).get("cfg") instanceof String text)) {
      return Optional.empty();
    }
    Matcher matcher = CONFIGURED_QUERIES.matcher(text);
    List<Integer> found = new ArrayList<>();
    while (matcher.find()) {
      int count = Integer.parseInt(matcher.group(1));
      if (count > 0 && !found.contains(count)) {
        found.add(count);
      }
    }
    return found.size() == 1
        ? Optional.of(new Named<>("num_queries of meta.cfg", found.getFirst()))
        : Optional.empty();
  }

  /** A positive number that {@code args} gives. */
  public Optional<Named<Integer>> number(String argument) {
    return integer(argument);
  }

  /** A list of numbers from 0 on that {@code args} gives. */
  public Optional<List<Integer>> numbers(String argument) {
    Object value = argument(argument);
    if (value == null) {
      return Optional.empty();
    }
    List<Integer> numbers = new ArrayList<>();
    if (value instanceof List<?> list) {
      for (Object each : list) {
        if (each instanceof Long number && number >= 0 && number <= MOST) {
          numbers.add(number.intValue());
        }
      }
      if (!list.isEmpty() && numbers.size() == list.size()) {
        return Optional.of(List.copyOf(numbers));
      }
    }
    throw wrong(
        "args.%s is %s, expected integers from 0 to %d"
            .formatted(argument, OneLine.of(value.toString()), MOST));
  }

  /** A list of names that {@code args} gives. */
  public Optional<List<String>> names(String argument) {
    return argument(argument) instanceof List<?> list ? allNamed(list) : Optional.empty();
  }

  /**
   * Checks that {@code args} does not switch off what all published models of a project do.
   *
   * @throws CheckpointException when it does
   */
  public void requireOn(String argument) {
    if (!flag(argument).orElse(true)) {
      throw wrong("args.%s is False, supported is True".formatted(argument));
    }
  }

  /** Whether {@code args} says that the last stage of the backbone dilates. */
  public Optional<Boolean> dilation() {
    return flag("dilation");
  }

  /** The class names that {@code meta} of mmdetection gives, by logit. */
  public Optional<Named<List<String>>> classes() {
    if (source != ModelSource.MMDETECTION) {
      return Optional.empty();
    }
    Map<?, ?> meta = entries(metadata.get("meta"));
    Map<?, ?> dataset = entries(firstOf(meta.get("dataset_meta")));
    for (String key : List.of("classes", "CLASSES")) {
      Optional<List<String>> names = names(dataset.get(key));
      if (names.isPresent()) {
        return Optional.of(new Named<>("meta.dataset_meta." + key, names.get()));
      }
    }
    return names(meta.get("CLASSES")).map(names -> new Named<>("meta.CLASSES", names));
  }

  /**
   * Compares {@code args} with the model that was inferred from the tensors.
   *
   * @param asked what the caller said, which wins over {@code args}
   * @throws CheckpointException when they contradict each other; the message names both
   */
  void check(ModelConfig config, RecognitionOptions asked) {
    ModelConfig.TransformerConfig transformer = config.transformer();
    agree("hidden_dim", transformer.dModel());
    agree("enc_layers", transformer.encoderLayers());
    agree("dec_layers", transformer.decoderLayers());
    agree("dim_feedforward", transformer.encoderFfnDim());
    if (asked.proposals() == null) {
      agree("num_queries", config.numQueries());
    }
    agree("num_feature_levels", config.numFeatureLevels());
    agree("two_stage", config.twoStage());
    agree("with_box_refine", config.withBoxRefine());
    if (flag("pre_norm").orElse(false)) {
      throw wrong("args.pre_norm is True, supported are post-norm transformers only");
    }
    Object position = argument("position_embedding");
    if (position instanceof String name && !name.equals("sine") && !name.equals("v2")) {
      throw wrong("args.position_embedding is \"" + OneLine.of(name) + "\", supported is sine");
    }
  }

  /**
   * Compares a number of {@code args}, if it is there, with what was inferred from the tensors.
   *
   * @throws CheckpointException when they contradict each other
   */
  public void agree(String argument, int inTensors) {
    integer(argument)
        .filter(given -> given.value() != inTensors)
        .ifPresent(given -> {
          throw contradiction(given.name(), given.value(), argument, inTensors);
        });
  }

  private void agree(String argument, boolean inTensors) {
    flag(argument)
        .filter(given -> given != inTensors)
        .ifPresent(given -> {
          throw contradiction("args." + argument, python(given), argument, python(inTensors));
        });
  }

  private CheckpointException contradiction(
      String name, Object given, String argument, Object inTensors) {
    return wrong(
        "%s is %s, but the tensors are those of a model with %s = %s"
            .formatted(name, given, argument, inTensors));
  }

  private static String python(boolean flag) {
    return flag ? "True" : "False";
  }

  private Optional<Named<Integer>> integer(String argument) {
    Object value = argument(argument);
    if (value == null) {
      return Optional.empty();
    }
    if (!(value instanceof Long number) || number < 1 || number > MOST) {
      throw wrong(
          "args.%s is %s, expected an integer from 1 to %d"
              .formatted(argument, OneLine.of(value.toString()), MOST));
    }
    return Optional.of(new Named<>("args." + argument, number.intValue()));
  }

  private Optional<Boolean> flag(String argument) {
    Object value = argument(argument);
    return switch (value) {
      case null -> Optional.empty();
      case Boolean flag -> Optional.of(flag);
      case Long number when number == 0 || number == 1 -> Optional.of(number == 1);
      default ->
          throw wrong(
              "args.%s is %s, expected True or False"
                  .formatted(argument, OneLine.of(value.toString())));
    };
  }

  /** A value of {@code args}; null when it is absent or None. */
  private @Nullable Object argument(String name) {
    boolean recorded =
        source == ModelSource.DETR
            || source == ModelSource.DEFORMABLE_DETR
            || source == ModelSource.CONDITIONAL_DETR
            || source == ModelSource.RF_DETR
            || source == ModelSource.LW_DETR;
    return recorded ? entries(metadata.get("args")).get(name) : null;
  }

  private static Map<?, ?> entries(@Nullable Object value) {
    return value instanceof Map<?, ?> map ? map : Map.of();
  }

  /** Concatenated data sets have one description each, and one set of classes. */
  private static @Nullable Object firstOf(@Nullable Object value) {
    return value instanceof List<?> list && !list.isEmpty() ? list.getFirst() : value;
  }

  /** Names in the order of the classes, or by their number, or the number by the name. */
  private static Optional<List<String>> names(@Nullable Object value) {
    return switch (value) {
      case String single -> Optional.of(List.of(single));
      case List<?> list -> allNamed(list);
      case null, default -> numbered(entries(value));
    };
  }

  private static Optional<List<String>> allNamed(List<?> items) {
    List<String> names = new ArrayList<>();
    for (Object item : items) {
      if (!(item instanceof String || item instanceof Number)) {
        return Optional.empty();
      }
      names.add(item.toString());
    }
    return names.isEmpty() ? Optional.empty() : Optional.of(List.copyOf(names));
  }

  private static Optional<List<String>> numbered(Map<?, ?> entries) {
    @Nullable String[] names = new @Nullable String[entries.size()];
    for (Map.Entry<?, ?> entry : entries.entrySet()) {
      boolean byNumber = entry.getKey() instanceof Long;
      Object number = byNumber ? entry.getKey() : entry.getValue();
      Object name = byNumber ? entry.getValue() : entry.getKey();
      if (!(number instanceof Long index)
          || !(name instanceof String text)
          || index < 0
          || index >= names.length) {
        return Optional.empty();
      }
      names[index.intValue()] = text;
    }
    List<String> inOrder = new ArrayList<>();
    for (String name : names) {
      if (name == null) {
        return Optional.empty();
      }
      inOrder.add(name);
    }
    return inOrder.isEmpty() ? Optional.empty() : Optional.of(List.copyOf(inOrder));
  }

  private CheckpointException wrong(String what) {
    return new CheckpointException("checkpoint " + container + ": " + what);
  }
}
