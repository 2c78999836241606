package dev.detr4j.cli;

import dev.detr4j.cli.registry.LocalModel;
import dev.detr4j.cli.registry.LocalModels;
import dev.detr4j.model.codes.CodesModel;
import java.io.PrintWriter;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The model of a command that names none: it finds machine-readable codes. */
final class DefaultModel {
  private static final String NOTICE =
      "no --model given: looking for QR, Data Matrix, Aztec, PDF417 and 1-D codes with "
          + CodesModel.NAME;

  /** The licence of the model, which is that of the project. */
  static final String LICENCE = "Apache-2.0";

  /** How large its weights are, in 10^6 bytes. */
  static final int MEGABYTES = 5;

  private DefaultModel() {}

  /** The model of that name or path, or the default model. */
  static LocalModel orNamed(@Nullable Path model) {
    return model != null ? LocalModels.resolve(model) : LocalModels.builtIn();
  }

  /**
   * Says that it is the default model, where none was named. To be called when the model is open:
   * until then the command may begin again.
   */
  static void announce(@Nullable Path model, PrintWriter err) {
    if (model == null) {
      err.println("detr4j: " + NOTICE);
      err.flush();
    }
  }
}
