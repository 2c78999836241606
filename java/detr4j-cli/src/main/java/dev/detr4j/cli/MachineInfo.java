package dev.detr4j.cli;

import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.BackendProviders;
import dev.detr4j.backend.BackendSelection;
import dev.detr4j.backend.BackendSettings;
import dev.detr4j.error.BackendException;
import dev.detr4j.ffi.CpuTier;
import dev.detr4j.ffi.NativeLibrary;
import dev.detr4j.ffi.NativeLibraryException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What this machine can run.
 *
 * @param version of detr4j
 * @param startCache how the start cache is, in words; null without a launcher
 * @param backends every backend of this build, in the order of an automatic choice
 */
record MachineInfo(
    String version, @Nullable String startCache, Library library, List<State> backends) {
  /**
   * The C library.
   *
   * @param description file and origin, or why there is none
   * @param usable whether there is one
   * @param refused a line for each library that was passed over
   * @param detected the best instruction set of this CPU; null without a library
   * @param instructionSets those that can be asked for
   */
  record Library(
      String description,
      boolean usable,
      List<String> refused,
      @Nullable String detected,
      List<String> instructionSets) {}

  /**
   * A backend with these options.
   *
   * @param instructionSet what it would use; null where it cannot be used
   * @param reason why it cannot be used; null where it can
   * @param notes what else there is to know of it here
   */
  record State(
      String name, @Nullable String instructionSet, @Nullable String reason, List<String> notes) {}

  /** The backend that would be used. */
  record InUse(
      String backend, String instructionSet, String precision, String device, String chosenBy) {}

  /** Tries everything. */
  static MachineInfo of(BackendOptions options) throws IOException {
    return new MachineInfo(
        new Version().getVersion()[0],
        Launcher.cacheState(),
        findLibrary(),
        BackendProviders.all().stream().map(lookup -> state(lookup, options)).toList());
  }

  private static Library findLibrary() {
    try {
      NativeLibrary library = NativeLibrary.load();
      return new Library(
          library.toString(),
          true,
          library.refused(),
          CpuTier.detected(library).name(),
          CpuTier.available(library).stream().map(CpuTier::name).toList());
    } catch (NativeLibraryException e) {
      return new Library(String.valueOf(e.getMessage()), false, List.of(), null, List.of());
    }
  }

  /** Opening is the proof; a backend without a model is cheap. */
  private static State state(BackendProviders.Lookup lookup, BackendOptions options) {
    String name = lookup.kind().id();
    List<String> notes = new ArrayList<>();
    String caution = lookup.caution();
    if (caution != null) {
      notes.add(caution);
    }
    String reason = lookup.unavailable(options);
    if (reason != null) {
      return new State(name, null, reason, notes);
    }
    try (var backend =
        BackendSelection.open(new BackendSettings.Request(lookup.kind(), "info"), options)
            .backend()) {
      notes.addAll(lookup.notes(options));
      return new State(name, backend.instructionSet(), null, notes);
    } catch (BackendException e) {
      return new State(name, null, e.getMessage(), notes);
    }
  }

  /**
   * Opens the backend that is asked for.
   *
   * @throws BackendException when there is none
   */
  static InUse inUse(BackendSettings.Request request, BackendOptions options) {
    try (var backend = BackendSelection.open(request, options).backend()) {
      return new InUse(
          backend.kind().id(),
          backend.instructionSet(),
          options.precision().id(),
          backend.device(),
          request.source());
    }
  }
}
