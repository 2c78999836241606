package dev.detr4j.cli;

import dev.detr4j.DetectorBuilder;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendSettings;
import dev.detr4j.backend.Precision;
import dev.detr4j.error.BackendException;
import dev.detr4j.train.finetune.FineTuningBuilder;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The options about what computes; an option that was not given leaves the choice to settings. */
final class EngineOptions {
  @Option(
      names = "--backend",
      paramLabel = "NAME",
      converter = BackendName.class,
      description =
          "Backend: @|bold auto|@, c, vector or reference. A backend requested by name works, or the command fails"
              + " with the reason.")
  @Nullable BackendKind backend;

  @Option(
      names = "--threads",
      paramLabel = "N",
      converter = AtLeastOne.class,
      description = "Number of computing threads. Default: all processors.")
  @Nullable Integer threads;

  @Option(
      names = "--isa",
      paramLabel = "TIER",
      description =
          "Limit the C library to this instruction set, such as x86-64-v3; `detr4j info` lists them. Limits backend cuda to"
              + " an architecture, such as sm_80.")
  @Nullable String instructionSet;

  @Option(
      names = "--precision",
      paramLabel = "NAME",
      converter = PrecisionName.class,
      description =
          "Precision of multiplications: @|bold fp32|@, or bf16 on CPUs that have it. bf16 is faster and keeps 8"
              + " significant bits. Backend cuda has bf16 and tf32, which keeps 11.")
  @Nullable Precision precision;

  private @Nullable String warning;

  /** Whether the backend that is asked for, here or by a setting, is the one in pure Java. */
  boolean needsVectorApi() {
    try {
      return BackendSettings.ofProcess().backend(backend).kind() == BackendKind.VECTOR;
    } catch (BackendException e) {
      return false; // a setting that names no backend: the command will say so
    }
  }

  /** Passes on what was given, and takes the detector's warnings. */
  void apply(DetectorBuilder builder) {
    builder.warnings(text -> warning = text);
    if (backend != null) {
      builder.backend(backend);
    }
    if (threads != null) {
      builder.threads(threads);
    }
    if (instructionSet != null) {
      builder.instructionSet(instructionSet);
    }
    if (precision != null) {
      builder.precision(precision);
    }
  }

  /** Passes on what was given. Training has one precision. */
  void apply(FineTuningBuilder builder) {
    if (backend != null) {
      builder.backend(backend);
    }
    if (threads != null) {
      builder.threads(threads);
    }
    if (instructionSet != null) {
      builder.instructionSet(instructionSet);
    }
  }

  /** The warning of the last call, once; null when there was none. */
  @Nullable String takeWarning() {
    String taken = warning;
    warning = null;
    return taken;
  }

  /** A backend by name; the message of a wrong one lists the names. */
  static final class BackendName implements ITypeConverter<BackendKind> {
    BackendName() {}

    @Override
    public BackendKind convert(String value) {
      try {
        return BackendKind.of(value);
      } catch (BackendException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  /** A precision by name; the message of a wrong one lists the names. */
  static final class PrecisionName implements ITypeConverter<Precision> {
    PrecisionName() {}

    @Override
    public Precision convert(String value) {
      try {
        return Precision.of(value);
      } catch (BackendException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  /** A whole number of at least 1. */
  static final class AtLeastOne implements ITypeConverter<Integer> {
    AtLeastOne() {}

    @Override
    public Integer convert(String value) {
      try {
        int number = Integer.parseInt(value);
        if (number >= 1) {
          return number;
        }
      } catch (NumberFormatException e) {
        // Refused below, like a number that is too small.
      }
      throw new TypeConversionException("'" + value + "' is not a whole number of at least 1");
    }
  }
}
