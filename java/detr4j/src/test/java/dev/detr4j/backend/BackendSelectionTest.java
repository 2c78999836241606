package dev.detr4j.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.backend.BackendProviders.Lookup;
import dev.detr4j.backend.BackendReport.NotChosen;
import dev.detr4j.backend.BackendSettings.Request;
import dev.detr4j.backend.host.HostBackend;
import dev.detr4j.error.BackendException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BackendSelectionTest {
  private static final BackendOptions OPTIONS = new BackendOptions(1, null, 0);
  private static final Request AUTO = new Request(BackendKind.AUTO, "default");

  private static final String NO_CUDA = "this build of detr4j has no cuda backend";

  @Test
  void automaticTakesTheFirstThatOpens() {
    try (Backend backend = BackendSelection.open(AUTO, OPTIONS, world(null, null)).backend()) {
      assertEquals(BackendKind.C, backend.kind());
    }
    BackendSelection selection =
        BackendSelection.open(AUTO, OPTIONS, world("no library was found", null));
    selection.backend().close();
    assertEquals(BackendKind.VECTOR, selection.report().kind());
    assertEquals(
        List.of(
            new NotChosen(BackendKind.CUDA, NO_CUDA),
            new NotChosen(BackendKind.C, "no library was found"),
            new NotChosen(BackendKind.REFERENCE, "used only when requested by name")),
        selection.report().notChosen());
  }

  @Test
  void theReportSaysWhyABackendWasNotEvenTried() {
    BackendSelection selection = BackendSelection.open(AUTO, OPTIONS, world(null, null));
    selection.backend().close();
    assertTrue(
        selection
            .report()
            .notChosen()
            .contains(new NotChosen(BackendKind.VECTOR, "c has precedence")));
  }

  @Test
  void automaticNeverTakesReferenceAndNamesEveryReason() {
    NoBackendException e =
        assertThrows(
            NoBackendException.class,
            () -> BackendSelection.open(AUTO, OPTIONS, world("no library", "no module")));
    assertEquals(
        "no backend can be used: cuda: "
            + NO_CUDA
            + "; c: no library; vector: no module; reference: used only when requested by name",
        e.getMessage());
    assertEquals(List.of(BackendKind.CUDA, BackendKind.C, BackendKind.VECTOR), e.refused());
  }

  /** The vector backend would compute the same, but it is not what was asked for. */
  @Test
  void automaticDoesNotGoPastWhatOnlyOneBackendCanMeet() {
    BackendProvider c =
        new FakeProvider(BackendKind.C, "sse9 does not exist") {
          @Override
          public String demand(BackendOptions options) {
            return "instruction set sse9";
          }
        };
    List<Lookup> lookups =
        List.of(new Lookup(BackendKind.C, c, null), lookup(BackendKind.VECTOR, null));
    NoBackendException e =
        assertThrows(NoBackendException.class, () -> BackendSelection.open(AUTO, OPTIONS, lookups));
    assertEquals(
        "instruction set sse9 was requested and is not available: sse9 does not exist",
        e.getMessage());
    assertEquals(List.of(BackendKind.C), e.refused());
  }

  @Test
  void aFailureWhileOpeningIsAReasonToo() {
    Lookup broken =
        new Lookup(
            BackendKind.C,
            new FakeProvider(BackendKind.C, null) {
              @Override
              public Backend open(BackendOptions options) {
                throw new BackendException("the self test failed");
              }
            },
            null);
    List<Lookup> lookups = List.of(broken, lookup(BackendKind.VECTOR, null));
    BackendSelection selection = BackendSelection.open(AUTO, OPTIONS, lookups);
    selection.backend().close();
    assertEquals(
        List.of(new NotChosen(BackendKind.C, "the self test failed")),
        selection.report().notChosen());
    Request byName = new Request(BackendKind.C, "option");
    BackendException e =
        assertThrows(BackendException.class, () -> BackendSelection.open(byName, OPTIONS, lookups));
    assertEquals(
        "backend c asked for by name (option) cannot be used: the self test failed",
        e.getMessage());
  }

  @Test
  void byNameOpensOrThrows() {
    Request byName = new Request(BackendKind.REFERENCE, "option");
    BackendSelection selection = BackendSelection.open(byName, OPTIONS, world(null, null));
    selection.backend().close();
    assertEquals(BackendKind.REFERENCE, selection.report().kind());
    assertTrue(
        selection
            .report()
            .notChosen()
            .contains(new NotChosen(BackendKind.C, "reference was requested by name (option)")));

    Request missing = new Request(BackendKind.C, "system property detr4j.backend");
    NoBackendException e =
        assertThrows(
            NoBackendException.class,
            () -> BackendSelection.open(missing, OPTIONS, world("no library", null)));
    assertEquals(
        "backend c asked for by name (system property detr4j.backend) cannot be used: no library",
        e.getMessage());
    assertEquals(List.of(BackendKind.C), e.refused());
  }

  @Test
  void optionBeforePropertyBeforeEnvironmentBeforeDefault() {
    Map<String, String> property = Map.of("detr4j.backend", "Vector");
    Map<String, String> variable = Map.of("DETR4J_BACKEND", "reference");
    assertEquals(
        new Request(BackendKind.C, "option"), settings(property, variable).backend(BackendKind.C));
    assertEquals(
        new Request(BackendKind.AUTO, "option"),
        settings(property, variable).backend(BackendKind.AUTO));
    assertEquals(
        new Request(BackendKind.VECTOR, "system property detr4j.backend"),
        settings(property, variable).backend(null));
    assertEquals(
        new Request(BackendKind.REFERENCE, "environment variable DETR4J_BACKEND"),
        settings(Map.of("detr4j.backend", " "), variable).backend(null));
    assertEquals(AUTO, settings(Map.of(), Map.of()).backend(null));
  }

  @Test
  void disableCustomKernelsForcesVectorUnlessABackendIsNamed() {
    Map<String, String> disabled = Map.of("DISABLE_CUSTOM_KERNELS", "1");
    Request forced = new Request(BackendKind.VECTOR, "environment variable DISABLE_CUSTOM_KERNELS");
    assertEquals(forced, settings(Map.of(), disabled).backend(null));
    assertEquals(forced, settings(Map.of(), disabled).backend(BackendKind.AUTO));
    assertEquals(BackendKind.C, settings(Map.of(), disabled).backend(BackendKind.C).kind());
    assertEquals(
        BackendKind.C, settings(Map.of("detr4j.backend", "c"), disabled).backend(null).kind());
    assertEquals(AUTO, settings(Map.of(), Map.of("DISABLE_CUSTOM_KERNELS", "0")).backend(null));
  }

  @Test
  void aWrongSettingNamesItsSource() {
    BackendException e =
        assertThrows(
            BackendException.class,
            () -> settings(Map.of("detr4j.backend", "gpu"), Map.of()).backend(null));
    assertEquals(
        "system property detr4j.backend: backend gpu does not exist; expected auto, cuda, c, vector, reference",
        e.getMessage());
    e =
        assertThrows(
            BackendException.class,
            () ->
                settings(Map.of(), Map.of("DETR4J_THREADS", "many"))
                    .options(null, null, null, null));
    assertEquals(
        "environment variable DETR4J_THREADS is many, expected a whole number of at least 1",
        e.getMessage());
  }

  @Test
  void optionsComeFromTheSameSources() {
    Map<String, String> properties =
        Map.of("detr4j.threads", "3", "detr4j.isa", "x86-64-v3", "detr4j.vector.bits", "256");
    assertEquals(
        new BackendOptions(3, "x86-64-v3", 256),
        settings(properties, Map.of()).options(null, null, null, null));
    assertEquals(
        new BackendOptions(1, "baseline", 128),
        settings(properties, Map.of()).options(1, "baseline", 128, null));
    BackendOptions defaults = settings(Map.of(), Map.of()).options(null, null, null, null);
    assertEquals(Runtime.getRuntime().availableProcessors(), defaults.threads());
    assertNull(defaults.instructionSet());
    assertEquals(0, defaults.vectorBits());
  }

  @Test
  void precisionComesFromTheSameSources() {
    Map<String, String> bf16 = Map.of("detr4j.precision", "BF16");
    assertEquals(
        Precision.BF16, settings(bf16, Map.of()).options(null, null, null, null).precision());
    assertEquals(
        Precision.FP32,
        settings(bf16, Map.of()).options(null, null, null, Precision.FP32).precision());
    assertEquals(
        Precision.FP32, settings(Map.of(), Map.of()).options(null, null, null, null).precision());
    BackendException e =
        assertThrows(
            BackendException.class,
            () ->
                settings(Map.of(), Map.of("DETR4J_PRECISION", "int8"))
                    .options(null, null, null, null));
    assertEquals(
        "environment variable DETR4J_PRECISION: precision int8 does not exist; expected fp32, tf32, bf16",
        e.getMessage());
  }

  @Test
  void backendsThatOnlyHaveFp32RefuseBf16() {
    BackendOptions options = new BackendOptions(1, null, 0).withPrecision(Precision.BF16);
    for (BackendKind kind : List.of(BackendKind.REFERENCE, BackendKind.VECTOR)) {
      String reason = BackendProviders.of(kind).unavailable(options);
      assertEquals("it has no bf16 products, only fp32", reason);
    }
    String reason =
        BackendProviders.of(BackendKind.C)
            .unavailable(new BackendOptions(1, "baseline", 0).withPrecision(Precision.BF16));
    // Where the library is missing, that comes first.
    if (BackendProviders.of(BackendKind.C).unavailable(OPTIONS) == null) {
      assertEquals(
          "instruction set baseline has no bf16 products, avx512-bf16 and avx512-amx have", reason);
    }
  }

  @Test
  void theKnownProvidersAreInAutomaticOrder() {
    assertEquals(
        List.of(BackendKind.CUDA, BackendKind.C, BackendKind.VECTOR, BackendKind.REFERENCE),
        BackendProviders.all().stream().map(Lookup::kind).toList());
    assertNull(BackendProviders.of(BackendKind.REFERENCE).unavailable(OPTIONS));
  }

  @Test
  void aNameThatDoesNotExistIsAnErrorThatListsTheOthers() {
    assertEquals(
        "backend tpu does not exist; expected auto, cuda, c, vector, reference",
        assertThrows(BackendException.class, () -> BackendKind.of("tpu")).getMessage());
  }

  private static BackendSettings settings(
      Map<String, String> properties, Map<String, String> environment) {
    return new BackendSettings(properties::get, environment::get);
  }

  private static List<Lookup> world(String whyNotC, String whyNotVector) {
    return List.of(
        new Lookup(BackendKind.CUDA, null, NO_CUDA),
        lookup(BackendKind.C, whyNotC),
        lookup(BackendKind.VECTOR, whyNotVector),
        lookup(BackendKind.REFERENCE, null));
  }

  private static Lookup lookup(BackendKind kind, String whyNot) {
    return new Lookup(kind, new FakeProvider(kind, whyNot), null);
  }

  /** A provider whose backend has no operations. */
  private static class FakeProvider implements BackendProvider {
    private final BackendKind kind;
    private final String whyNot;

    FakeProvider(BackendKind kind, String whyNot) {
      this.kind = kind;
      this.whyNot = whyNot;
    }

    @Override
    public BackendKind kind() {
      return kind;
    }

    @Override
    public String unavailable(BackendOptions options) {
      return whyNot;
    }

    @Override
    public Backend open(BackendOptions options) {
      return new HostBackend(kind, "none", Map.of(), options);
    }
  }
}
