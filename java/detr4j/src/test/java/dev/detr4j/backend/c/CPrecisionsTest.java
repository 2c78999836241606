package dev.detr4j.backend.c;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.Precision;
import dev.detr4j.error.BackendException;
import org.junit.jupiter.api.Test;

/** TF32 lies in memory as fp32, so that it must not pass for fp32, whoever asks the provider. */
class CPrecisionsTest {
  @Test
  void tf32IsRefusedWhereverTheProviderIsAsked() {
    CBackendProvider provider = new CBackendProvider();
    BackendOptions options = new BackendOptions(1, null, 0).withPrecision(Precision.TF32);
    String reason = "it has no tf32 products, only fp32 and bf16";
    assertEquals(reason, provider.unavailable(options));
    assertEquals(
        reason, assertThrows(BackendException.class, () -> provider.open(options)).getMessage());
  }
}
