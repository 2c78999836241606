package dev.detr4j.model.family;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.OneLine;
import dev.detr4j.model.description.Assumption;
import dev.detr4j.model.description.ModelSource;
import dev.detr4j.model.names.NameTable;
import dev.detr4j.op.Activation;
import dev.detr4j.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The tensors of a checkpoint without a configuration, asked for by canonical name, and what had to
 * be assumed beside them. For one recognition; not thread-safe.
 */
public final class TensorEvidence {
  /** Heads of every published model; of a deformable one, heads times points shows in shapes. */
  private static final int HEADS = 8;

  private static final int MOST_MEMBERS = 256;
  private static final String DILATED = "-dc5";

  private final TensorFile file;
  private final String prefix;
  private final ModelSource source;
  private final NameTable table;
  private final TrainingRecords records;
  private final RecognitionOptions options;
  private final List<Assumption> assumed = new ArrayList<>();
  private final int heads;
  private final String headsFrom;
  private boolean mayDilate;

  TensorEvidence(
      TensorFile file, CheckpointFormat format, String prefix, RecognitionOptions options) {
    this.file = file;
    this.prefix = prefix;
    this.source = format.source();
    this.table = format.names();
    this.records = TrainingRecords.of(file, source);
    this.options = options;
    Optional<TrainingRecords.Named<Integer>> recorded = records.heads();
    Integer asked = options.heads();
    if (asked != null) {
      heads = asked;
      headsFrom = "as requested";
    } else if (recorded.isPresent()) {
      heads = recorded.get().value();
      headsFrom = "as " + recorded.get().name() + " says";
    } else {
      heads = HEADS;
      headsFrom = "as in all published models";
      assume(Assumption.of("attention has " + heads + " heads, " + headsFrom, "heads N"));
    }
  }

  /** Heads of an attention layer, which no tensor tells: asked for, recorded, or as published. */
  public int heads() {
    return heads;
  }

  /** Where {@link #heads} is from, in words. */
  public String headsFrom() {
    return headsFrom;
  }

  /** What the project stored beside the tensors of its training run. */
  public TrainingRecords records() {
    return records;
  }

  /** The file as messages name it. */
  public String container() {
    return file.container();
  }

  /** Plain values that the file has beside its tensors. */
  public Map<?, ?> plainValues() {
    return file.plainValues();
  }

  /** Notes what no tensor tells, and the value that is taken. */
  public void assume(Assumption assumption) {
    assumed.add(assumption);
  }

  List<Assumption> assumed() {
    return List.copyOf(assumed);
  }

  /** Whether the file has a tensor. */
  public boolean has(String canonicalName) {
    return find(canonicalName).isPresent();
  }

  /** Whether the file holds a tensor under a second name of it. */
  public boolean hasAlias(String canonicalName) {
    List<String> names = table.inFile(canonicalName, 0);
    return names.size() > 1 && file.shape(prefix + names.get(1)).isPresent();
  }

  /** Whether the format has a second name for a tensor. */
  public boolean knowsAlias(String canonicalName) {
    return table.inFile(canonicalName, 0).size() > 1;
  }

  /** Whether the file has both tensors, and their values differ. */
  public boolean differ(String canonicalName, String other) {
    Optional<String> one = find(canonicalName);
    Optional<String> two = find(other);
    return one.isPresent() && two.isPresent() && !file.sameValues(one.get(), two.get());
  }

  /** One extent of a tensor that has to be there. */
  public int extent(String canonicalName, int axis) {
    Shape shape =
        find(canonicalName)
            .flatMap(file::shape)
            .orElseThrow(() ->
                wrong(
                    "there is no "
                        + String.join(" or ", table.inFile(canonicalName, 0))
                        + ", expected in a checkpoint of "
                        + source.id()));
    if (shape.rank() <= axis || shape.get(axis) < 1) {
      throw wrong(canonicalName + " has shape " + shape);
    }
    return shape.get(axis);
  }

  /** How many members a list has, from 0 on; at least one has to be there. */
  public int members(String list, String tensor) {
    int count = membersFrom(list, 0, tensor);
    if (count == 0) {
      throw wrong("there is no " + list + "0" + tensor);
    }
    return count;
  }

  /** How many members of a list follow each other from {@code first} on. */
  public int membersFrom(String list, int first, String tensor) {
    int count = 0;
    while (count < MOST_MEMBERS && has(list + (first + count) + tensor)) {
      count++;
    }
    return count;
  }

  /**
   * Whether the last stage of the backbone dilates, which no tensor tells: as the variant that was
   * asked for says, else as the file's records say.
   *
   * @param published whether models like this one were published so
   */
  public boolean dilates(boolean published) {
    mayDilate = published;
    String asked = options.variant();
    return asked == null ? records.dilation().orElse(false) : asked.endsWith(DILATED);
  }

  /** The transformer, with the names that all families share. */
  public ModelConfig.TransformerConfig transformer(int dModel) {
    if (dModel < heads || dModel % heads != 0) {
      throw wrong(
          "tokens have %d channels, expected a multiple of %d heads (%s)"
              .formatted(dModel, heads, headsFrom));
    }
    return new ModelConfig.TransformerConfig(
        dModel,
        members("model.encoder.layers.", ".final_layer_norm.weight"),
        heads,
        extent("model.encoder.layers.0.mlp.fc1.weight", 0),
        members("model.decoder.layers.", ".final_layer_norm.weight"),
        heads,
        extent("model.decoder.layers.0.mlp.fc1.weight", 0),
        Activation.RELU);
  }

  /**
   * The class names: those that the file's records give where the number fits, else those of COCO
   * where that fits, else {@code LABEL_i}.
   *
   * @param coco COCO's names as the project counts them
   */
  public List<String> labels(int classes, List<String> coco) {
    return labels(classes, coco, "of COCO");
  }

  /**
   * As above, with the published names of another data set.
   *
   * @param whose whose names they are, as in {@code of COCO}
   */
  public List<String> labels(int classes, List<String> published, String whose) {
    if (classes < 1) {
      throw wrong("the class head has " + classes + " classes, expected at least 1");
    }
    Optional<TrainingRecords.Named<List<String>>> recorded = records.classes();
    if (recorded.isPresent() && recorded.get().value().size() == classes) {
      return recorded.get().value();
    }
    String misfit =
        recorded
            .map(given -> " (%s lists %d)".formatted(given.name(), given.value().size()))
            .orElse("");
    if (classes == published.size()) {
      assume(Assumption.ofLabels("the " + classes + " classes are those " + whose + misfit));
      return published;
    }
    List<String> labels = new ArrayList<>();
    for (int i = 0; i < classes; i++) {
      labels.add("LABEL_" + i);
    }
    assume(
        Assumption.ofLabels(
            "the %d classes are called LABEL_0 to LABEL_%d%s"
                .formatted(classes, classes - 1, misfit)));
    return labels;
  }

  /**
   * Checks what was found against the variant that was asked for and against the file's records,
   * and notes an undilated stage.
   */
  void check(ModelConfig config) {
    String asked = options.variant();
    if (asked != null && !asked.equals(config.variant())) {
      String base = config.variant().replace(DILATED, "");
      throw wrong(
          "variant %s was requested, but the tensors are those of %s%s"
              .formatted(OneLine.of(asked), base, mayDilate ? " or " + base + DILATED : ""));
    }
    records.check(config, options);
    if (asked == null && mayDilate && records.dilation().isEmpty()) {
      assume(
          Assumption.of(
              "the last stage of the backbone does not dilate",
              "variant " + config.variant() + DILATED));
    }
  }

  /** An error about this file. */
  public CheckpointException wrong(String what) {
    return new CheckpointException("checkpoint " + file.container() + ": " + what);
  }

  /** The name in the file of a tensor that is there. */
  private Optional<String> find(String canonicalName) {
    return table.inFile(canonicalName, 0).stream()
        .map(prefix::concat)
        .filter(name -> file.shape(name).isPresent())
        .findFirst();
  }
}
