package dev.detr4j.checkpoint;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * A few random changes to a file: bytes, bits, opcodes of pickles, runs, pieces moved, an early
 * end.
 */
final class Mutation {
  /** The opcodes of protocols 0 and 1, and where those of later ones begin and end. */
  private static final String OPCODES = "(.012FIJKLMNQRTUXabcdeghijlopqrstu)]}GBC";

  private static final int FIRST_OPCODE = 0x80;
  private static final int LAST_OPCODE = 0x97;

  private static final Pattern JSON_TOKEN =
      Pattern.compile("-?[0-9]+(?:\\.[0-9]+)?|true|false|\"[^\"]*\"");

  private static final List<String> JSON_VALUES =
      List.of(
          "0",
          "-1",
          "1e999",
          "2147483647",
          "-2147483648",
          "9223372036854775808",
          "0.5",
          "null",
          "true",
          "[]",
          "{}",
          "[[[[]]]]",
          "\"\"",
          "\"../../x\"",
          "\"\\u0000\"",
          "\"resnet50\"",
          "NaN");

  private Mutation() {}

  /** One to three numbers, strings, names or truth values of a JSON text become others. */
  static byte[] ofJson(byte[] good, Random random) {
    String text = new String(good, StandardCharsets.UTF_8);
    for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
      List<MatchResult> tokens = JSON_TOKEN.matcher(text).results().toList();
      MatchResult token = tokens.get(random.nextInt(tokens.size()));
      String value = JSON_VALUES.get(random.nextInt(JSON_VALUES.size()));
      text = text.substring(0, token.start()) + value + text.substring(token.end());
    }
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static byte[] of(byte[] good, Random random) {
    byte[] bad = good.clone();
    int changes = 1 + random.nextInt(4);
    for (int c = 0; c < changes; c++) {
      int at = random.nextInt(bad.length);
      switch (random.nextInt(6)) {
        case 0 -> bad[at] = (byte) random.nextInt(256);
        case 1 -> bad[at] ^= (byte) (1 << random.nextInt(8));
        case 2 -> {
          int opcode = random.nextInt(OPCODES.length() + LAST_OPCODE - FIRST_OPCODE + 1);
          bad[at] =
              (byte)
                  (opcode < OPCODES.length()
                      ? OPCODES.charAt(opcode)
                      : FIRST_OPCODE + opcode - OPCODES.length());
        }
        case 3 -> {
          int length = Math.min(1 + random.nextInt(8), bad.length - at);
          Arrays.fill(bad, at, at + length, (byte) (random.nextBoolean() ? 0xff : 0));
        }
        case 4 -> {
          int from = random.nextInt(bad.length);
          int length = Math.min(random.nextInt(64), bad.length - Math.max(at, from));
          System.arraycopy(good, from, bad, at, length);
        }
        default -> {
          if (random.nextInt(8) == 0) {
            bad = Arrays.copyOf(bad, 1 + at);
          }
        }
      }
    }
    return bad;
  }
}
