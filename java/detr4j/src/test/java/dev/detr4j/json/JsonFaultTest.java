package dev.detr4j.json;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.error.ModelConfigException;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Messages about broken text, as the parser's messages come out. */
class JsonFaultTest {
  private static final String WHOLE =
      "{\"a\": [1, -2.5e3, true, null],\n \"b\": {\"c\": \"t\\u00e9xt\", \"d\": [[{}], []]}, \"e\": 12}";

  /** What only a programmer who uses the parser knows. */
  private static final Pattern INTERNALS =
      Pattern.compile("(?i)Source|Constraints|Feature|\\bparser\\b|REDACTED|`|jackson|\\n");

  private static String message(String text) {
    return assertThrows(
            ModelConfigException.class,
            () ->
                JsonObject.parse(
                    "a.json", text.getBytes(StandardCharsets.UTF_8), ModelConfigException::new))
        .getMessage();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"a\": [1 | at line 1, column 9: unexpected end of text: expected close marker for Array"
            + " (opened at line 1, column 7)",
        "{\"a\": [1} | at line 1, column 9: unexpected close marker '}': expected ']' (opened at line 1, column 7)",
        "{\"a\": } | at line 1, column 7: unexpected character '}': expected a value",
        "{\"a\": no} | at line 1, column 7: unrecognized token 'no': was expecting a JSON value",
        "{\"a\": +1} | at line 1, column 8: unexpected character '+' in numeric value: JSON spec does not allow"
            + " numbers to have plus signs",
        "{\"a\": 1, \"a\": 2} | at line 1, column 13: duplicate field 'a'",
        "{ // c | at line 1, column 3: unexpected character '/': maybe a (non-standard) comment?",
      })
  void aMessageSaysWhereAndWhy(String text, String said) {
    assertEquals("a.json is not valid JSON " + said, message(text));
  }

  @Test
  void boundsAreNamedByTheirNumbers() {
    assertEquals(
        "a.json is not valid JSON: document nesting depth (33) exceeds the maximum allowed (32)",
        message("{\"a\":" + "[".repeat(40)));
    String number = message("{\"a\":" + "1".repeat(5000) + "}");
    assertTrue(
        number.endsWith("number value length (5000) exceeds the maximum allowed (4300)"), number);
  }

  /** Cuts the text everywhere, and puts characters that do not belong there everywhere. */
  @Test
  void noMessageSpeaksOfTheParser() {
    Set<String> messages = new TreeSet<>();
    for (int at = 0; at <= WHOLE.length(); at++) {
      collect(messages, WHOLE.substring(0, at));
      for (String odd : "\" ' \\ { } [ ] : , / # + - . 0 e N \t \0 \u00e9".split(" ", -1)) {
        collect(messages, WHOLE.substring(0, at) + odd + WHOLE.substring(at));
      }
    }
    assertTrue(messages.size() > 100, "different messages: " + messages.size());
    for (String message : messages) {
      assertFalse(INTERNALS.matcher(message).find(), message);
    }
  }

  private static void collect(Set<String> messages, String text) {
    try {
      JsonObject.parse("a.json", text.getBytes(StandardCharsets.UTF_8), ModelConfigException::new);
    } catch (ModelConfigException e) {
      messages.add(String.valueOf(e.getMessage()));
    }
  }
}
