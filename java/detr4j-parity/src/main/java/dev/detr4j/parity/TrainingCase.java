package dev.detr4j.parity;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.host.HostBackend;
import dev.detr4j.error.BackendException;
import org.jspecify.annotations.Nullable;

/** A case of gradients or training steps, which run on the backends of the processor. */
interface TrainingCase extends ParityCase.OnBackend {
  @Override
  default @Nullable String refusal(BackendKind kind) {
    return kind == BackendKind.CUDA ? "backend cuda does not train" : null;
  }

  /** The backend, as training needs it. */
  static HostBackend host(Backend backend) {
    if (backend instanceof HostBackend host) {
      return host;
    }
    throw new BackendException(
        "backend " + backend.kind().id() + " does not train, expected reference, vector or c");
  }
}
