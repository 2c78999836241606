package dev.detr4j.train.head;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.train.fault.Fault;
import dev.detr4j.train.fault.FaultyDataException;
import dev.detr4j.train.fault.Findings;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which rows stay, and what new ones begin with. */
class NewHeadsTest {
  private static final int WIDTH = 64;
  private static final String HEAD = "model.decoder.class_embed.0.";
  private static final String PROPOSALS = "model.decoder.class_embed.6.";

  private final Findings findings = new Findings();

  private ClassMap map(List<String> model, List<String> data, HeadPolicy policy) {
    return ClassMap.of(model, data, policy, findings);
  }

  private static float[] rows(int count, int width) {
    float[] values = new float[count * width];
    for (int i = 0; i < values.length; i++) {
      values[i] = 100 + i;
    }
    return values;
  }

  private static float[] row(float[] values, int row) {
    return Arrays.copyOfRange(values, row * WIDTH, (row + 1) * WIDTH);
  }

  @Test
  void rowsOfOneNameStayAndOthersBeginAtOnePercent() {
    NewHeads heads =
        new NewHeads(
            map(List.of("cat", "dog", "N/A"), List.of("cow", "cat"), HeadPolicy.BY_NAME), 6, 1);
    float[] old = rows(3, WIDTH);
    float[] weight = heads.remade(HEAD + "weight", old, WIDTH, WIDTH);
    assertEquals(2 * WIDTH, weight.length);
    assertArrayEquals(row(old, 0), row(weight, 1));
    double greatest = 0;
    for (float value : row(weight, 0)) {
      greatest = Math.max(greatest, Math.abs(value));
    }
    // Uniform within 1/8: 64 numbers reach nine tenths of it but for a chance of 0.9^64.
    assertTrue(greatest <= 0.125 && greatest > 0.11, "greatest " + greatest);
    float[] bias = heads.remade(HEAD + "bias", rows(3, 1), 1, WIDTH);
    assertEquals(0.01, 1 / (1 + Math.exp(-bias[0])), 1e-8);
    assertEquals(100, bias[1]);
  }

  @Test
  void columnZeroOfTheProposalsStaysAlways() {
    for (List<String> data : List.of(List.of("cow", "cat"), List.of("cow"))) {
      NewHeads heads = new NewHeads(map(List.of("cat", "dog"), data, HeadPolicy.BY_NAME), 6, 1);
      float[] old = rows(2, WIDTH);
      float[] weight = heads.remade(PROPOSALS + "weight", old, WIDTH, WIDTH);
      assertArrayEquals(row(old, 0), row(weight, 0));
      float[] bias = heads.remade(PROPOSALS + "bias", rows(2, 1), 1, WIDTH);
      assertEquals(100, bias[0]);
      if (data.size() > 1) {
        assertFalse(Arrays.equals(row(old, 0), row(weight, 1)));
        assertEquals(NewHeads.PRIOR_BIAS, bias[1]);
      }
    }
  }

  @Test
  void detrKeepsItsRowForNoObject() {
    NewHeads heads =
        new NewHeads(map(List.of("cat", "dog"), List.of("cow"), HeadPolicy.NEW), -1, 1);
    float[] old = rows(3, WIDTH);
    float[] weight = heads.remade("class_labels_classifier.weight", old, WIDTH, WIDTH);
    assertEquals(2 * WIDTH, weight.length);
    assertArrayEquals(row(old, 2), row(weight, 1));
    float[] bias = heads.remade("class_labels_classifier.bias", rows(3, 1), 1, WIDTH);
    assertEquals(102, bias[1]);
    assertTrue(Math.abs(bias[0]) <= 0.125, "not the prior of sigmoids");
  }

  @Test
  void sameClassesKeepEverything() {
    ClassMap map = map(List.of("cat", "dog"), List.of("cat", "dog"), HeadPolicy.BY_NAME);
    assertTrue(map.isIdentity());
    NewHeads heads = new NewHeads(map, 6, 1);
    assertArrayEquals(
        rows(2, WIDTH), heads.remade(PROPOSALS + "weight", rows(2, WIDTH), WIDTH, WIDTH));
    assertEquals("all 2 are the model's, in its order; their heads are kept", map.toString());
  }

  @Test
  void headsAreNeverEqualAndCanBeMadeAgain() {
    ClassMap map = map(List.of("cat"), List.of("cow"), HeadPolicy.NEW);
    NewHeads heads = new NewHeads(map, -1, 1);
    float[] first = heads.remade("class_embed.0.weight", rows(1, WIDTH), WIDTH, WIDTH);
    float[] second = heads.remade("class_embed.1.weight", rows(1, WIDTH), WIDTH, WIDTH);
    assertFalse(Arrays.equals(first, second));
    assertArrayEquals(
        first,
        new NewHeads(map, -1, 1).remade("class_embed.0.weight", rows(1, WIDTH), WIDTH, WIDTH));
  }

  @Test
  void whatIsDoneIsSaid() {
    assertEquals(
        "heads of 1 of 2 kept by name (cat), the others made anew",
        map(List.of("cat", "dog"), List.of("cow", "cat"), HeadPolicy.BY_NAME).toString());
    assertEquals(
        "heads made anew for 1",
        map(List.of("LABEL_0"), List.of("LABEL_0"), HeadPolicy.BY_NAME).toString());
  }

  @Test
  void keptHeadsMustHaveTheClassesOfTheData() {
    map(List.of("cat", "dog"), List.of("cat", "cow", "dog"), HeadPolicy.KEEP);
    assertEquals(1, findings.count(Fault.HEAD_CONTRADICTS));
    assertTrue(
        findings
            .toString()
            .contains("2 classes and the data 3; class 1 is \"dog\" in the model and \"cow\""),
        findings.toString());
    assertThrows(FaultyDataException.class, findings::throwIfErrors);
  }

  @Test
  void aHeadOfAnotherSizeIsRefused() {
    NewHeads heads = new NewHeads(map(List.of("cat"), List.of("cow"), HeadPolicy.NEW), -1, 1);
    assertThrows(
        IllegalArgumentException.class,
        () -> heads.remade(HEAD + "weight", rows(2, WIDTH), WIDTH, WIDTH));
  }
}
