package dev.detr4j.parity;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.json.JsonObject;
import dev.detr4j.model.ModelFamilies;
import dev.detr4j.model.family.RecognisedModel;
import dev.detr4j.model.family.RecognitionOptions;
import org.jspecify.annotations.Nullable;

/**
 * The {@code options} of a case that is not from Hugging Face: what the original implementation was
 * told, of which {@code variant}, {@code dilation}, {@code num_queries} and {@code nheads} say what
 * no tensor tells. Each may be absent, as may all of them.
 */
final class CaseOptions {
  private static final String DILATED = "-dc5";
  private static final int MOST = 1 << 20;

  private final GoldenCase golden;
  private final @Nullable JsonObject options;

  private CaseOptions(GoldenCase golden) {
    this.golden = golden;
    JsonObject manifest = golden.manifest();
    this.options = manifest.has("options") ? manifest.object("options") : null;
  }

  /**
   * Recognises the model of a case with what its options say.
   *
   * @throws CheckpointException when they do not fit its tensors
   */
  static RecognisedModel recognise(GoldenCase golden) {
    return new CaseOptions(golden).recognise();
  }

  private RecognisedModel recognise() {
    FormulaCheckpoint checkpoint = golden.checkpoint();
    if (options == null) {
      return ModelFamilies.ALL.recognise(checkpoint, RecognitionOptions.NONE);
    }
    Integer heads = options.has("nheads") ? options.integer("nheads", 1, MOST) : null;
    RecognisedModel inferred =
        ModelFamilies.ALL.recognise(checkpoint, new RecognitionOptions(null, null, null, heads));
    boolean twoStage = inferred.config().twoStage();
    RecognisedModel found =
        ModelFamilies.ALL.recognise(
            checkpoint,
            new RecognitionOptions(
                null, variant(options, inferred.variant()), proposals(options, twoStage), heads));
    int queries = options.integer("num_queries", found.config().numQueries(), 1, MOST);
    if (queries != found.config().numQueries()) {
      throw options.wrong(
          "num_queries is %d, but the tensors are those of a model with %d queries"
              .formatted(queries, found.config().numQueries()));
    }
    return found;
  }

  private static @Nullable String variant(JsonObject options, String inferred) {
    if (options.has("variant")) {
      return options.string("variant");
    }
    return options.bool("dilation", false) ? inferred + DILATED : null;
  }

  private static @Nullable Integer proposals(JsonObject options, boolean twoStage) {
    return twoStage && options.has("num_queries") ? options.integer("num_queries", 1, MOST) : null;
  }
}
