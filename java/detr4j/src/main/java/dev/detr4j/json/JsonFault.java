package dev.detr4j.json;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import dev.detr4j.error.OneLine;

/**
 * Why a text is not JSON, in words for whoever wrote the text. The parser's own messages are for
 * whoever programs it: they quote its sources and name its switches. Stateless.
 */
public final class JsonFault {
  private JsonFault() {}

  /**
   * The end of a sentence, as in {@code not valid JSON at line 3, column 7: duplicate field 'a'}.
   */
  public static String of(JsonProcessingException fault) {
    JsonLocation place = fault.getLocation();
    String at =
        place == null
            ? ""
            : " at line %d, column %d".formatted(place.getLineNr(), place.getColumnNr());
    return "not valid JSON" + at + ": " + reason(String.valueOf(fault.getOriginalMessage()));
  }

  private static String reason(String message) {
    String plain =
        message
            // Where an object or list began: "(start marker at [Source: …; line: 1, column: 2])".
            .replaceAll(
                "\\((?:start marker|for \\w+ starting) at \\[Source: .*?; line: (\\d+), column: (\\d+)\\]\\)",
                "(opened at line $1, column $2)")
            // Bounds, with the method that holds each.
            .replaceAll(",? from `?Stream\\w+\\.\\w+\\(\\)`?", "")
            // What a programmer could switch on.
            .replaceAll(
                ": enable `?[\\w.]+`? to allow| \\(not recognized as one since Feature .*?\\)", "")
            .replaceAll("^Unexpected end-of-input(:?) ?", "unexpected end of text: ")
            .replaceAll("\\('(.+?)' \\(code \\d+\\)\\)", "'$1'")
            .replaceAll("\\(\\(CTRL-CHAR, code (\\d+)\\)\\)", "(control character $1)")
            .replaceAll("(?: a valid value)? \\(JSON String, Number.*", " a JSON value");
    return OneLine.of(Character.toLowerCase(plain.charAt(0)) + plain.substring(1));
  }
}
