package dev.detr4j.backend;

import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The providers that this build knows, looked up by class name so that nothing depends on a
 * concrete backend.
 *
 * <p>A backend may be missing from a build or unable to load (the Vector API's module is absent
 * unless a JVM is started with it); that is not an error but a reason in the report.
 */
public final class BackendProviders {
  private static final String VECTOR_API = "jdk.incubator.vector.Vector";

  /**
   * The outcome of looking for one provider: either it or the reason is there.
   *
   * @param reason one sentence, without a full stop
   */
  public record Lookup(
      BackendKind kind, @Nullable BackendProvider provider, @Nullable String reason) {
    /** Why the backend cannot be used with these options, or null when it can. */
    public @Nullable String unavailable(BackendOptions options) {
      if (provider == null) {
        return reason;
      }
      if (!provider.precisions().contains(options.precision())) {
        return "it has no " + options.precision().id() + " products";
      }
      try {
        return provider.unavailable(options);
      } catch (LinkageError e) {
        return linkageReason(kind, e);
      }
    }

    /** What else there is to know of it, a line each; see {@link BackendProvider#notes}. */
    public List<String> notes(BackendOptions options) {
      return provider == null ? List.of() : provider.notes(options);
    }

    /** What to know before using it; see {@link BackendProvider#caution}. */
    public @Nullable String caution() {
      return provider == null ? null : provider.caution();
    }

    /** What is asked for that only this backend can meet, or null. */
    @Nullable String demand(BackendOptions options) {
      return provider == null ? null : provider.demand(options);
    }
  }

  private BackendProviders() {}

  /**
   * Looks for every provider of this build, in the order in which AUTO tries them; reference comes
   * last. A kind whose provider this build does not have is left out.
   */
  public static List<Lookup> all() {
    return Stream.of(
            find(BackendKind.CUDA, "dev.detr4j.backend.cuda.CudaBackendProvider"),
            find(BackendKind.C, "dev.detr4j.backend.c.CBackendProvider"),
            find(BackendKind.VECTOR, "dev.detr4j.backend.vector.VectorBackendProvider"),
            find(BackendKind.REFERENCE, "dev.detr4j.backend.reference.ReferenceBackendProvider"))
        .filter(Objects::nonNull)
        .toList();
  }

  /** Looks for the provider of one kind other than AUTO, whether or not this build has it. */
  public static Lookup of(BackendKind kind) {
    if (kind == BackendKind.AUTO) {
      throw new IllegalArgumentException(kind + " has no provider of its own");
    }
    return all().stream()
        .filter(lookup -> lookup.kind() == kind)
        .findFirst()
        .orElseGet(() -> new Lookup(kind, null, absent(kind)));
  }

  /** Why a kind that is left out cannot be used. */
  static String absent(BackendKind kind) {
    return "this build of detr4j has no " + kind.id() + " backend";
  }

  private static @Nullable Lookup find(BackendKind kind, String className) {
    try {
      Class<?> found = Class.forName(className, true, BackendProviders.class.getClassLoader());
      return new Lookup(kind, (BackendProvider) found.getDeclaredConstructor().newInstance(), null);
    } catch (ClassNotFoundException e) {
      return null;
    } catch (LinkageError e) {
      return new Lookup(kind, null, linkageReason(kind, e));
    } catch (ReflectiveOperationException e) {
      return new Lookup(kind, null, "its provider " + className + " cannot be made: " + e);
    }
  }

  private static String linkageReason(BackendKind kind, LinkageError e) {
    return kind == BackendKind.VECTOR && isVectorApiMissing()
        ? "module jdk.incubator.vector is missing; start Java with --add-modules jdk.incubator.vector"
        : "its classes cannot be loaded: " + e;
  }

  /** Whether this class loader does not find the Vector API, whatever the JVM says of it. */
  private static boolean isVectorApiMissing() {
    try {
      Class.forName(VECTOR_API, false, BackendProviders.class.getClassLoader());
      return false;
    } catch (ClassNotFoundException e) {
      return true;
    }
  }
}
