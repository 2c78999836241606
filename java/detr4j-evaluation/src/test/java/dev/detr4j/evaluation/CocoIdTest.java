package dev.detr4j.evaluation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Ids are equal and ordered as in Python. */
class CocoIdTest {
  private static CocoId number(String decimal) {
    return CocoId.of(new BigDecimal(decimal));
  }

  @Test
  void theValueCountsAndNotItsForm() {
    assertEquals(CocoId.of(7), number("7.00"));
    assertEquals(CocoId.of(7).hashCode(), number("7.00").hashCode());
    assertEquals(CocoId.of(Long.MAX_VALUE), number("9223372036854775807.0"));
    assertEquals(number("1e30"), number("1000000000000000000000000000000"));
    assertNotEquals(CocoId.of(7), CocoId.of("7"));
    assertNotEquals(CocoId.of("null"), CocoId.NULL);
    assertNotEquals(CocoId.of(0), CocoId.NULL);
  }

  @Test
  void numbersComeBeforeTextsAndTextsByCodePoint() {
    // '\uff5e' < "\ud83d\ude00" by code point, not by UTF-16.
    List<CocoId> sorted =
        List.of(
            CocoId.NULL,
            number("-1e20"),
            CocoId.of(-3),
            number("2.5"),
            CocoId.of(3),
            number("9223372036854775808"),
            CocoId.of(""),
            CocoId.of("10"),
            CocoId.of("9"),
            CocoId.of("a"),
            CocoId.of("aa"),
            CocoId.of("\uff5e"),
            CocoId.of("\ud83d\ude00"));
    List<CocoId> shuffled = new ArrayList<>(sorted.reversed());
    Collections.sort(shuffled);
    assertEquals(sorted, shuffled);
  }

  @Test
  void writtenAsJson() {
    assertEquals("7", CocoId.of(7).json());
    assertEquals("10000000000000000000000", number("1e22").json());
    assertEquals("2.5", number("2.5").json());
    assertEquals("\"a\\\"\\n\"", CocoId.of("a\"\n").json());
    assertEquals("null", CocoId.NULL.json());
    assertEquals("\"a?b\"", CocoId.of("a\nb").toString());
  }

  @Test
  void whatIsZeroToPycocotools() {
    assertTrue(CocoId.of(0).isZero() && CocoId.of("0").isZero() && number("0.0").isZero());
    assertTrue(!CocoId.of("").isZero() && !CocoId.NULL.isZero() && !CocoId.of("10").isZero());
  }
}
