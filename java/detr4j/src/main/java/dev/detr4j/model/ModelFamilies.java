package dev.detr4j.model;

import dev.detr4j.error.ModelConfigException;
import dev.detr4j.error.OneLine;
import dev.detr4j.json.JsonObject;
import dev.detr4j.model.conditional.ConditionalDetrFamily;
import dev.detr4j.model.deformable.DeformableDetrFamily;
import dev.detr4j.model.detr.DetrFamily;
import dev.detr4j.model.dfine.DFineFamily;
import dev.detr4j.model.family.ModelConfig;
import dev.detr4j.model.family.ModelFamily;
import dev.detr4j.model.family.RecognisedModel;
import dev.detr4j.model.family.Recognition;
import dev.detr4j.model.family.RecognitionOptions;
import dev.detr4j.model.family.TensorFile;
import dev.detr4j.model.lwdetr.LwDetrFamily;
import dev.detr4j.model.rfdetr.RfDetrFamily;
import dev.detr4j.model.rtdetr.RtDetrFamily;
import dev.detr4j.model.tabletransformer.TableTransformerFamily;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The model families that detr4j knows, and which of them a file is of. Immutable and thread-safe.
 */
public final class ModelFamilies {
  /** Every family. A new one is a folder beside this class and a line here. */
  public static final ModelFamilies ALL =
      new ModelFamilies(
          List.of(
              DetrFamily.DETR, //
              DeformableDetrFamily.DEFORMABLE_DETR,
              TableTransformerFamily.TABLE_TRANSFORMER,
              ConditionalDetrFamily.CONDITIONAL_DETR,
              RtDetrFamily.RT_DETR,
              RtDetrFamily.RT_DETR_V2,
              DFineFamily.D_FINE,
              RfDetrFamily.RF_DETR,
              LwDetrFamily.LW_DETR));

  private final List<ModelFamily> families;

  private ModelFamilies(List<ModelFamily> families) {
    this.families = List.copyOf(families);
  }

  /** These families and one more. */
  public ModelFamilies with(ModelFamily family) {
    List<ModelFamily> more = new ArrayList<>(families);
    more.add(family);
    return new ModelFamilies(more);
  }

  /** The families, in the order in which messages name them. */
  public List<ModelFamily> list() {
    return families;
  }

  /**
   * Reads the {@code config.json} of a Hugging Face model, of transformers 4.x or 5.x.
   *
   * @throws ModelConfigException when it is missing, malformed, or of a model that is not supported
   */
  public ModelConfig read(Path configJson) {
    return read(JsonObject.read(configJson, ModelConfigException::new));
  }

  /** As above, of an object that has been parsed already. */
  public ModelConfig read(JsonObject configJson) {
    String type = configJson.string("model_type", "");
    for (ModelFamily family : families) {
      if (family.modelType().equals(type)) {
        return family.configuration(configJson);
      }
    }
    String seen =
        type.isEmpty() ? "model_type is missing" : "model_type is \"" + OneLine.of(type) + "\"";
    throw configJson.wrong(seen + ", supported are " + modelTypes());
  }

  /**
   * Infers project and architecture of a checkpoint that comes without a configuration.
   *
   * @throws dev.detr4j.error.CheckpointException when the project cannot be told, is another than
   *     the options say, or its tensors describe no model that is supported
   */
  public RecognisedModel recognise(TensorFile file, RecognitionOptions options) {
    return Recognition.of(families, file, options);
  }

  private String modelTypes() {
    List<String> types = families.stream().map(ModelFamily::modelType).toList();
    return types.size() == 1
        ? types.getFirst()
        : types.stream().limit(types.size() - 1L).collect(Collectors.joining(", "))
            + " and "
            + types.getLast();
  }
}
