package dev.detr4j.backend;

import dev.detr4j.backend.BackendProviders.Lookup;
import dev.detr4j.backend.BackendReport.NotChosen;
import dev.detr4j.error.BackendException;
import dev.detr4j.event.BackendChosenEvent;
import dev.detr4j.event.Recorder;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Chooses and opens a backend.
 *
 * <p>An automatic choice takes the first of cuda, c and vector that opens, never reference. A
 * backend asked for by name opens or throws; nothing else is tried in its place. So it is where an
 * instruction set or a C library was asked for: only c can meet that, and vector is no answer to
 * it.
 *
 * @param backend the open backend; the caller closes it
 * @param report what was chosen, and for every other backend why not
 */
public record BackendSelection(Backend backend, BackendReport report) {
  /**
   * Opens the backend that is asked for.
   *
   * @throws BackendException when it cannot be used, or when AUTO finds none; the message holds
   *     every reason
   */
  public static BackendSelection open(BackendSettings.Request request, BackendOptions options) {
    return open(request, options, BackendProviders.all());
  }

  static BackendSelection open(
      BackendSettings.Request request, BackendOptions options, List<Lookup> lookups) {
    BackendChosenEvent event = Recorder.choosing();
    BackendSelection selection =
        request.kind() == BackendKind.AUTO
            ? automatic(options, lookups)
            : named(request, options, lookups);
    if (event != null) {
      BackendReport report = selection.report;
      event.chosen(
          options.model(),
          report.kind().id(),
          report.instructionSet(),
          report.device(),
          request.source(),
          report.notChosen().stream()
              .map(other -> other.kind().id() + ": " + other.reason())
              .collect(Collectors.joining("; ")));
    }
    return selection;
  }

  private static BackendSelection automatic(BackendOptions options, List<Lookup> lookups) {
    List<NotChosen> refused = new ArrayList<>();
    List<BackendKind> tried = new ArrayList<>();
    for (int i = 0; i < lookups.size(); i++) {
      Lookup lookup = lookups.get(i);
      if (lookup.kind() == BackendKind.REFERENCE) {
        refused.add(notAutomatic());
        continue;
      }
      BackendProvider provider = lookup.provider();
      String passedOver = provider == null ? null : provider.notAutomatic();
      if (passedOver != null) {
        refused.add(new NotChosen(lookup.kind(), passedOver));
        continue;
      }
      Attempt attempt = attempt(lookup, options);
      if (attempt.backend != null) {
        for (Lookup later : lookups.subList(i + 1, lookups.size())) {
          refused.add(
              later.kind() == BackendKind.REFERENCE
                  ? notAutomatic()
                  : new NotChosen(later.kind(), lookup.kind().id() + " has precedence"));
        }
        return of(attempt.backend, refused);
      }
      tried.add(lookup.kind());
      String demand = lookup.demand(options);
      if (demand != null) {
        throw new NoBackendException(
            demand + " was requested and is not available: " + attempt.reason, tried);
      }
      refused.add(new NotChosen(lookup.kind(), attempt.reason));
    }
    StringBuilder reasons = new StringBuilder();
    for (NotChosen other : refused) {
      reasons
          .append(reasons.isEmpty() ? "" : "; ")
          .append(other.kind().id())
          .append(": ")
          .append(other.reason());
    }
    throw new NoBackendException("no backend can be used: " + reasons, tried);
  }

  private static NotChosen notAutomatic() {
    return new NotChosen(BackendKind.REFERENCE, "used only when requested by name");
  }

  private static BackendSelection named(
      BackendSettings.Request request, BackendOptions options, List<Lookup> lookups) {
    List<NotChosen> others = new ArrayList<>();
    Backend backend = null;
    for (Lookup lookup : lookups) {
      if (lookup.kind() != request.kind()) {
        others.add(
            new NotChosen(
                lookup.kind(),
                request.kind().id() + " was requested by name (" + request.source() + ")"));
        continue;
      }
      Attempt attempt = attempt(lookup, options);
      if (attempt.backend == null) {
        throw notByName(request, attempt.reason);
      }
      backend = attempt.backend;
    }
    if (backend == null) {
      throw notByName(request, BackendProviders.absent(request.kind()));
    }
    return of(backend, others);
  }

  private static NoBackendException notByName(BackendSettings.Request request, String reason) {
    return new NoBackendException(
        "backend "
            + request.kind().id()
            + " asked for by name ("
            + request.source()
            + ") cannot be used: "
            + reason,
        List.of(request.kind()));
  }

  private static BackendSelection of(Backend backend, List<NotChosen> others) {
    return new BackendSelection(
        backend,
        new BackendReport(backend.kind(), backend.device(), backend.instructionSet(), others));
  }

  /** An open backend, or the reason why there is none. */
  private record Attempt(@Nullable Backend backend, String reason) {}

  private static Attempt attempt(Lookup lookup, BackendOptions options) {
    String reason = lookup.unavailable(options);
    BackendProvider provider = lookup.provider();
    if (reason != null || provider == null) {
      return new Attempt(null, reason == null ? "no provider of it is installed" : reason);
    }
    try {
      return new Attempt(provider.open(options), "");
    } catch (BackendException e) {
      return new Attempt(null, String.valueOf(e.getMessage()));
    }
  }
}
