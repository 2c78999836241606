package dev.detr4j.backend.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.detr4j.op.MaxPool;
import dev.detr4j.op.TopK;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class SelectionTest {
  @Test
  void withoutPropertiesEverythingRuns() {
    Selection all = Selection.of(name -> null);
    assertEquals(Selection.allOperations(), all.operations());
    assertEquals(Variant.all(), all.variants());
    all.variants().forEach(variant -> assertNull(all.demands(variant), variant.toString()));
    assertEquals(all, of(Selection.OP, "", Selection.BACKEND, " "));
  }

  @Test
  void eachPropertyNarrows() {
    assertEquals(
        List.of(MaxPool.class, TopK.class), of(Selection.OP, "topk, MaxPool").operations());
    assertEquals(
        List.of("vector", "vector 128 bits", "vector 256 bits", "vector 512 bits"),
        variants(of(Selection.BACKEND, "vector")));
    assertEquals(
        List.of("vector 256 bits", "c avx512"), variants(of(Selection.TIER, "avx512,256")));
    assertEquals(List.of("reference", "vector", "c", "cuda"), variants(of(Selection.TIER, "best")));
    assertEquals(
        List.of("c", "c x86-64-v3"),
        variants(of(Selection.BACKEND, "C", Selection.TIER, "best,x86-64-v3,128")));
  }

  @Test
  void whatIsNamedHasToBeThere() {
    Selection tier = of(Selection.BACKEND, "c", Selection.TIER, "neon,best");
    assertEquals(
        List.of(Selection.TIER, Selection.TIER),
        tier.variants().stream().map(tier::demands).toList());
    // Of a backend, its best tier; the others depend on the processor.
    Selection backend = of(Selection.BACKEND, "vector");
    for (Variant variant : backend.variants()) {
      assertEquals(variant.isBest() ? Selection.BACKEND : null, backend.demands(variant));
    }
  }

  @Test
  void anUnknownNameIsAnErrorWithTheKnownOnes() {
    assertEquals(
        "detr4j.parity.op is MaxPol; expected "
            + Selection.allOperations().stream()
                .map(Class::getSimpleName)
                .collect(Collectors.joining(", ")),
        refusal(Selection.OP, "Add,MaxPol"));
    assertEquals(
        "detr4j.parity.backend is cud; expected reference, vector, c, cuda",
        refusal(Selection.BACKEND, "cud"));
    assertEquals(
        "detr4j.parity.tier is avx2; expected best, 128, 256, 512, baseline, x86-64-v3, avx512,"
            + " avx512-bf16, neon, avx512-amx",
        refusal(Selection.TIER, "avx2"));
    assertEquals(
        "detr4j.parity.backend = vector and detr4j.parity.tier = avx512 select nothing: vector has"
            + " the tiers best, 128, 256, 512",
        refusal(Selection.BACKEND, "vector", Selection.TIER, "avx512"));
  }

  private static String refusal(String... properties) {
    return assertThrows(IllegalArgumentException.class, () -> of(properties)).getMessage();
  }

  private static List<String> variants(Selection selection) {
    return selection.variants().stream().map(Variant::toString).toList();
  }

  private static Selection of(String... properties) {
    return Selection.of(
        properties.length == 2
            ? Map.of(properties[0], properties[1])::get
            : Map.of(properties[0], properties[1], properties[2], properties[3])::get);
  }
}
