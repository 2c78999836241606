package dev.detr4j.backend.vector;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.BackendProvider;
import dev.detr4j.backend.PeakMeter;
import dev.detr4j.backend.VectorUnit;
import dev.detr4j.error.BackendException;
import dev.detr4j.tensor.ElementType;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Opens the vector backend where the JVM has {@code jdk.incubator.vector}.
 *
 * <p>The module is absent on a class path unless it is asked for, so this class touches nothing
 * that needs it before it has looked.
 */
public final class VectorBackendProvider implements BackendProvider {
  @Override
  public BackendKind kind() {
    return BackendKind.VECTOR;
  }

  @Override
  public @Nullable String unavailable(BackendOptions options) {
    String precision = options.refusalOfProducts(Set.of(ElementType.F32));
    if (precision != null) {
      return precision;
    }
    String jvm = VectorJvm.refusal();
    return jvm != null ? jvm : VectorKernels.refusal(options.vectorBits());
  }

  @Override
  public VectorUnit vectorUnit(BackendOptions options) {
    return new VectorUnit(Lanes.BITS, true);
  }

  @Override
  public PeakMeter peakMeter() {
    return new VectorPeakMeter();
  }

  @Override
  public Backend open(BackendOptions options) {
    String reason = unavailable(options);
    if (reason != null) {
      throw new BackendException(reason);
    }
    return VectorKernels.open(options);
  }
}
