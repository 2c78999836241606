package dev.detr4j.backend.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.BackendProviders;
import dev.detr4j.backend.BackendReport;
import dev.detr4j.backend.BackendSelection;
import dev.detr4j.backend.BackendSettings;
import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.Precision;
import dev.detr4j.backend.Program;
import dev.detr4j.backend.Queue;
import dev.detr4j.backend.parity.EmulatedDevice;
import dev.detr4j.error.BackendException;
import dev.detr4j.op.Add;
import dev.detr4j.op.TopK;
import dev.detr4j.tensor.Buffer;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.TensorView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Who gets the emulated device, and how its queues behave; OpParityTest has the operations. */
class CudaBackendTest {
  private static final BackendOptions OPTIONS = new BackendOptions(1, null, 0);
  private static final BackendSettings.Request BY_NAME =
      new BackendSettings.Request(BackendKind.CUDA, "option");

  @BeforeEach
  void ask() {
    String reason = EmulatedDevice.unavailable();
    Assumptions.assumeTrue(reason == null, reason);
    System.setProperty("detr4j.cuda", "emulated");
    System.setProperty("detr4j.cuda.path", EmulatedDevice.folder().toString());
  }

  @AfterEach
  void forget() {
    System.clearProperty("detr4j.cuda");
    System.clearProperty("detr4j.cuda.path");
    System.clearProperty("detr4j.cuda.device");
  }

  @Test
  void byNameItRunsAndSaysThatItIsAnEmulation() {
    BackendSelection selection = BackendSelection.open(BY_NAME, OPTIONS);
    try (Backend backend = selection.backend()) {
      assertEquals("emulation on the CPU", backend.device());
      assertEquals("emulated sm_90", backend.instructionSet());
    }
  }

  @Test
  void itSaysWhatItMultipliesIn() {
    for (Precision precision : List.of(Precision.TF32, Precision.BF16)) {
      BackendOptions options = OPTIONS.withPrecision(precision);
      try (Backend backend = BackendSelection.open(BY_NAME, options).backend()) {
        assertEquals(
            "emulated sm_90 with " + precision.id() + " products", backend.instructionSet());
      }
    }
  }

  /** A request that others cannot meet is an error there, and never fp32 in silence. */
  @Test
  void onlyThisBackendHasTf32() {
    for (BackendKind kind : List.of(BackendKind.C, BackendKind.VECTOR, BackendKind.REFERENCE)) {
      assertEquals(
          "it has no tf32 products",
          BackendProviders.of(kind).unavailable(OPTIONS.withPrecision(Precision.TF32)));
    }
  }

  @Test
  void anAutomaticChoiceNeverTakesIt() {
    BackendSelection selection =
        BackendSelection.open(new BackendSettings.Request(BackendKind.AUTO, "default"), OPTIONS);
    try (Backend backend = selection.backend()) {
      assertNotEquals(BackendKind.CUDA, backend.kind());
    }
    assertTrue(
        selection
            .report()
            .notChosen()
            .contains(
                new BackendReport.NotChosen(
                    BackendKind.CUDA, "it only emulates a device; used when requested by name")),
        selection.report()::toString);
  }

  @Test
  void theSettingChoosesTheDevice() {
    System.setProperty("detr4j.cuda.device", "0");
    open().close();
    System.setProperty("detr4j.cuda.device", "3");
    assertRefused(
        "detr4j.cuda.device = 3: there is no device 3; the driver shows 1, counted from 0",
        OPTIONS);
    for (String wrong : List.of("two", "-1", "1.5")) {
      System.setProperty("detr4j.cuda.device", wrong);
      assertRefused(
          "detr4j.cuda.device is " + wrong + "; expected the number of a device, counted from 0",
          OPTIONS);
    }
  }

  @Test
  void theArchitectureIsOnlyLowered() {
    try (Backend backend =
        BackendSelection.open(BY_NAME, new BackendOptions(1, "sm_86", 0)).backend()) {
      assertEquals("emulated sm_86", backend.instructionSet());
      assertEquals(
          "backend cuda selects at most 8192 scores, not 9000", backend.refusal(new TopK(9000)));
    }
    for (String wrong : List.of("sm_100", "sm_75")) {
      assertRefused(
          wrong + " was requested, and emulation on the CPU is sm_90; expected sm_80 to sm_90",
          new BackendOptions(1, wrong, 0));
    }
  }

  @Test
  void anotherValueOfTheSettingIsAnError() {
    System.setProperty("detr4j.cuda", "yes");
    assertRefused("detr4j.cuda is yes; expected emulated", OPTIONS);
  }

  @Test
  void whatItCannotDoIsRefused() {
    assertRefused(
        "it has no instruction set avx512, only architectures such as sm_80",
        new BackendOptions(1, "avx512", 0));
    try (Backend backend = open()) {
      assertEquals(
          "backend cuda selects at most 16384 scores, not 20000", backend.refusal(new TopK(20000)));
    }
  }

  @Test
  void tooLittleMemoryNamesNeedAndFreeMemory() {
    try (Backend backend = open()) {
      BackendException e = assertThrows(BackendException.class, () -> backend.allocate(1L << 40));
      assertTrue(
          String.valueOf(e.getMessage())
              .matches(
                  "emulation on the CPU has \\d+ of 8589934592 bytes free, 1099511627776 are"
                      + " needed"),
          e.getMessage());
    }
  }

  @Test
  void copiesOfEverySizeArrive() {
    try (Backend backend = open();
        Queue queue = backend.newQueue();
        Arena arena = Arena.ofConfined()) {
      for (int floats : new int[] {1, 1000, 40_000, 300_000, 17}) {
        MemorySegment host = arena.allocate(4L * floats, 64);
        for (int i = 0; i < floats; i++) {
          host.setAtIndex(ValueLayout.JAVA_FLOAT, i, i + floats);
        }
        MemorySegment back = arena.allocate(4L * floats, 64);
        try (Buffer buffer = backend.allocate(4L * floats)) {
          queue.upload(host, 0, buffer, 0, 4L * floats);
          host.fill((byte) 0); // may be reused at once
          for (int part = 0; part < 3; part++) {
            long from = 4L * floats * part / 3 & -4L;
            long to = 4L * floats * (part + 1) / 3 & -4L;
            queue.download(buffer, from, back, from, to - from);
          }
          queue.synchronise();
        }
        for (int i = 0; i < floats; i++) {
          assertEquals(i + floats, back.getAtIndex(ValueLayout.JAVA_FLOAT, i));
        }
      }
    }
  }

  @Test
  void twoQueuesAtOnce() throws Exception {
    try (Backend backend = open();
        ExecutorService threads = Executors.newFixedThreadPool(2)) {
      Callable<Integer> session = () -> wrongSums(backend);
      List<Future<Integer>> sessions = threads.invokeAll(List.of(session, session));
      for (Future<Integer> one : sessions) {
        assertEquals(0, one.get());
      }
    }
  }

  @Test
  void aCallAllocatesNothing() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (Backend backend = open();
        Queue queue = backend.newQueue();
        Arena arena = Arena.ofConfined();
        Buffer buffer = backend.allocate(2048)) {
      Shape shape = Shape.of(1, 1, 256);
      TensorView x = new TensorView(buffer, 0, ElementType.F32, shape, 256, 256);
      TensorView y = new TensorView(buffer, 1024, ElementType.F32, shape, 256, 256);
      MemorySegment host = arena.allocate(1024, 64);
      BoundNode node = new BoundNode("sum", new Add(), List.of(x, x), List.of(y));
      try (Program program = queue.compile(List.of(node))) {
        // The smallest of several windows: the JVM may compile on this thread's account in one.
        long least = Long.MAX_VALUE;
        for (int call = 0; call < 60; call++) {
          long before = threads.getCurrentThreadAllocatedBytes();
          queue.upload(host, 0, buffer, 0, 1024);
          queue.submit(program);
          queue.download(buffer, 1024, host, 0, 1024);
          queue.synchronise();
          least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        assertEquals(0, least);
      }
    }
  }

  /** Runs one program over and over on a queue of its own. */
  private static int wrongSums(Backend backend) {
    int columns = 1000;
    int wrong = 0;
    try (Queue queue = backend.newQueue();
        Arena arena = Arena.ofConfined();
        Buffer buffer = backend.allocate(8L * columns)) {
      Shape shape = Shape.of(1, 1, columns);
      TensorView x = new TensorView(buffer, 0, ElementType.F32, shape, columns, columns);
      TensorView y = new TensorView(buffer, 4L * columns, ElementType.F32, shape, columns, columns);
      BoundNode node = new BoundNode("sum", new Add(), List.of(x, x), List.of(y));
      MemorySegment host = arena.allocate(4L * columns, 64);
      Program closed;
      try (Program program = queue.compile(List.of(node, node))) {
        closed = program;
        for (int call = 0; call < 50; call++) {
          for (int i = 0; i < columns; i++) {
            host.setAtIndex(ValueLayout.JAVA_FLOAT, i, i + call);
          }
          queue.upload(host, 0, buffer, 0, 4L * columns);
          queue.submit(program);
          queue.download(buffer, 4L * columns, host, 0, 4L * columns);
          queue.synchronise();
          for (int i = 0; i < columns; i++) {
            wrong += host.getAtIndex(ValueLayout.JAVA_FLOAT, i) == 2f * (i + call) ? 0 : 1;
          }
        }
        long[] nanoseconds = new long[2];
        queue.measure(program, nanoseconds);
        wrong += nanoseconds[0] > 0 && nanoseconds[1] > 0 ? 0 : 1;
      }
      assertThrows(IllegalStateException.class, () -> queue.submit(closed));
    }
    return wrong;
  }

  private static Backend open() {
    return BackendSelection.open(BY_NAME, OPTIONS).backend();
  }

  private static void assertRefused(String reason, BackendOptions options) {
    BackendException e =
        assertThrows(BackendException.class, () -> BackendSelection.open(BY_NAME, options));
    assertEquals(
        "backend cuda asked for by name (option) cannot be used: " + reason, e.getMessage());
  }
}
