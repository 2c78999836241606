package dev.detr4j.backend.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.host.HostBuffer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kernels read and write nothing outside their tensors: every case in every tier and width of
 * vectors with an unmapped page at both ends; {@link Selection} narrows it.
 *
 * <p>In a process of its own, because an access outside ends it. The vector kernels need it like
 * those in C: they see all memory as one segment.
 */
class GuardPageTest {
  @TestFactory
  Stream<DynamicTest> staysInsideItsTensors(@TempDir Path folder) {
    List<Variant> variants =
        Selection.ofProcess().variants().stream()
            .filter(variant -> variant.kind() != BackendKind.REFERENCE)
            // The emulated device has guard pages of its own.
            .filter(variant -> variant.kind() != BackendKind.CUDA)
            // The widest vectors would run twice.
            .filter(variant -> variant.kind() == BackendKind.C || variant.needsOwnJvm())
            .toList();
    assertFalse(variants.isEmpty(), "guard pages are for the tiers of c and the widths of vector");
    return variants.stream()
        .map(variant -> dynamicTest(variant.toString(), () -> check(variant, folder)));
  }

  private static void check(Variant variant, Path folder) {
    Assumptions.assumeTrue(
        System.getProperty("os.name").equals("Linux"), "guard pages are made with Linux's mmap");
    OpParityTest.assumeAvailable(variant);
    VariantJvm jvm = VariantJvm.run(variant, true, folder);
    List<String> lacking = new ArrayList<>(jvm.lacking());
    Selection.allOperations().stream()
        .filter(op -> !Selection.isOn(variant.kind(), op))
        .forEach(op -> lacking.remove(op.getSimpleName()));
    if (!lacking.isEmpty()) {
      System.out.println(
          "guard pages: "
              + variant
              + " lacks "
              + String.join(", ", lacking)
              + "; OpParityTest fails for it");
    }
    if (jvm.death() != null) {
      fail(variant + ": " + jvm.death());
    }
    List<String> failures =
        Selection.ofProcess().operations().stream()
            .flatMap(op -> jvm.failures(op.getSimpleName()).stream())
            .toList();
    if (!failures.isEmpty()) {
      fail(OpParityTest.report(failures));
    }
  }

  /** The guard itself: the last byte of a tensor is accessible, and its segment ends there. */
  @Test
  void tensorsEndWhereTheirPagesEnd() {
    Assumptions.assumeTrue(
        System.getProperty("os.name").equals("Linux"), "guard pages are made with Linux's mmap");
    try (GuardedMemory memory = new GuardedMemory(true)) {
      CaseMemory.Place place = memory.allocate(100);
      MemorySegment segment = ((HostBuffer) place.buffer()).segment();
      assertEquals(0, (segment.address() + place.offset() + 100) % 4096);
      segment.set(ValueLayout.JAVA_BYTE, place.offset() + 99, (byte) 1);
      assertThrows(
          IndexOutOfBoundsException.class,
          () -> segment.set(ValueLayout.JAVA_BYTE, place.offset() + 100, (byte) 1));
      assertTrue(segment.isNative());
    }
  }
}
