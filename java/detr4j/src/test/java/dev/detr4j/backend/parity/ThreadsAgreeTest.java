package dev.detr4j.backend.parity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.backend.BackendOptions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** A result has the same bits on a machine with more processors. */
class ThreadsAgreeTest {
  @TestFactory
  Stream<DynamicTest> everyNumberOfThreadsGivesTheSameBits() {
    Selection selection = Selection.ofProcess();
    return Stream.of(BackendKind.VECTOR, BackendKind.C)
        .flatMap(kind ->
            selection.operations().stream()
                .filter(op -> Selection.isOn(kind, op))
                .map(op ->
                    dynamicTest(kind.id() + " " + op.getSimpleName(), () -> compare(kind, op))));
  }

  private static void compare(BackendKind kind, Class<?> op) {
    OpParityTest.assumeAvailable(new Variant(kind, new BackendOptions(1, null, 0)));
    try (Backend one = open(kind, 1);
        Backend two = open(kind, 2);
        Backend seven = open(kind, 7)) {
      for (OpCase test : OpCases.of(op)) {
        List<double[]> expected = run(one, test);
        for (Backend other : List.of(two, seven)) {
          List<double[]> actual = run(other, test);
          for (int output = 0; output < expected.size(); output++) {
            assertArrayEquals(
                expected.get(output),
                actual.get(output),
                test + " on " + other.device() + ", output " + output);
          }
        }
      }
    }
  }

  private static Backend open(BackendKind kind, int threads) {
    return new Variant(kind, new BackendOptions(threads, null, 0).withOwnWorkers()).open();
  }

  private static List<double[]> run(Backend backend, OpCase test) {
    try (CaseMemory memory = CaseMemory.of(backend)) {
      return CaseRun.run(backend, test, CaseRun.Layout.PACKED, memory);
    }
  }
}
