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

  private DefaultModel() {}

  /** The model of that name or path; without one the default model, and a line that says so. */
  static LocalModel orNamed(@Nullable Path model, PrintWriter err) {
    if (model != null) {
      return LocalModels.resolve(model);
    }
    LocalModel found = LocalModels.builtIn();
    err.println("detr4j: " + NOTICE);
    err.flush();
    return found;
  }
}
