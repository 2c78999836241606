package dev.detr4j.backend.parity;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.Precision;
import dev.detr4j.backend.reference.ReferenceBackendProvider;

/** The process that {@link AmxModelTest} starts. */
final class AmxModelRun {
  static final String CHECKED = "checked ";

  private AmxModelRun() {}

  /** Prints a line for each case that failed, then how many were compared. */
  public static void main(String[] arguments) {
    BackendOptions options = new BackendOptions(2, "avx512-amx", 0).withPrecision(Precision.BF16);
    int checked = 0;
    try (Backend backend = new Variant(BackendKind.C, options).open();
        Backend reference = new ReferenceBackendProvider().open(new BackendOptions(2, null, 0))) {
      // What follows the comma is the speed, which a model has not.
      System.out.println(backend.instructionSet().replaceFirst(",.*", ""));
      for (OpCase test : Bf16Cases.all()) {
        try {
          Bf16Cases.check(backend, reference, test);
        } catch (AssertionError e) {
          System.out.println(e.getMessage());
        }
        checked++;
      }
    }
    System.out.println(CHECKED + checked);
  }
}
