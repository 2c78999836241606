package dev.detr4j.evaluation;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The id of an image, a class or an annotation. COCO's are whole numbers; other files have texts,
 * numbers of any size, fractions and null.
 *
 * <p>Ids are equal where they are equal in Python: 7 and 7.0 are one id, 7 and "7" are two. Their
 * order, which decides between equal scores, is null, then numbers by value, then texts by code
 * points. Immutable.
 */
public final class CocoId implements Comparable<CocoId> {
  /** What a file calls null. */
  static final CocoId NULL = new CocoId(0, null, null, Kind.NULL);

  private static final BigDecimal LEAST = BigDecimal.valueOf(Long.MIN_VALUE);
  private static final BigDecimal MOST = BigDecimal.valueOf(Long.MAX_VALUE);

  /** In the order of ids. */
  private enum Kind {
    NULL,
    /** A whole number of 64 bits, or another number. */
    NUMBER,
    TEXT
  }

  private final long whole;

  /** A number that is not in {@link #whole}, without trailing zeros. */
  private final @Nullable BigDecimal other;

  private final @Nullable String text;
  private final Kind kind;

  private CocoId(long whole, @Nullable BigDecimal other, @Nullable String text, Kind kind) {
    this.whole = whole;
    this.other = other;
    this.text = text;
    this.kind = kind;
  }

  /** A whole number. */
  public static CocoId of(long number) {
    return new CocoId(number, null, null, Kind.NUMBER);
  }

  /** A text, which may look like a number. */
  public static CocoId of(String text) {
    return new CocoId(0, null, Objects.requireNonNull(text), Kind.TEXT);
  }

  /** Any number. */
  public static CocoId of(BigDecimal number) {
    BigDecimal plain = number.stripTrailingZeros();
    boolean fits = plain.scale() <= 0 && plain.compareTo(LEAST) >= 0 && plain.compareTo(MOST) <= 0;
    return fits ? of(plain.longValueExact()) : new CocoId(0, plain, null, Kind.NUMBER);
  }

  /** Any whole number. */
  static CocoId of(BigInteger number) {
    return of(new BigDecimal(number));
  }

  /** Whether this is a whole number of 64 bits, as all of COCO's are. */
  public boolean isPlain() {
    return kind == Kind.NUMBER && other == null;
  }

  /** Whether pycocotools takes this for the number 0, by which it means that nothing matched. */
  public boolean isZero() {
    return switch (kind) {
      case NULL -> false;
      case NUMBER -> other == null && whole == 0;
      case TEXT -> String.valueOf(text).matches("\\s*[+-]?0+\\s*");
    };
  }

  /** As JSON writes it: {@code 7}, {@code "a"} or {@code null}. */
  public String json() {
    return text == null
        ? text()
        : '"' + String.valueOf(JsonStringEncoder.getInstance().quoteAsString(text)) + '"';
  }

  /** The number's digits, or the text as it is: for names and files. */
  public String text() {
    return switch (kind) {
      case NULL -> "null";
      case NUMBER -> other == null ? Long.toString(whole) : other.toPlainString();
      case TEXT -> String.valueOf(text);
    };
  }

  @Override
  public int compareTo(CocoId that) {
    if (kind != that.kind) {
      return kind.compareTo(that.kind);
    }
    return switch (kind) {
      case NULL -> 0;
      case NUMBER ->
          other == null && that.other == null
              ? Long.compare(whole, that.whole)
              : decimal().compareTo(that.decimal());
      case TEXT -> compare(String.valueOf(text), String.valueOf(that.text));
    };
  }

  private BigDecimal decimal() {
    return other == null ? BigDecimal.valueOf(whole) : other;
  }

  /** By code points, as Python compares; {@link String#compareTo} goes by UTF-16. */
  private static int compare(String one, String two) {
    int length = Math.min(one.length(), two.length());
    for (int i = 0; i < length; i++) {
      char a = one.charAt(i);
      char b = two.charAt(i);
      if (a != b) {
        boolean same = Character.isSurrogate(a) == Character.isSurrogate(b);
        return same ? Character.compare(a, b) : Character.isSurrogate(a) ? 1 : -1;
      }
    }
    return Integer.compare(one.length(), two.length());
  }

  @Override
  public boolean equals(@Nullable Object object) {
    return object instanceof CocoId that
        && kind == that.kind
        && whole == that.whole
        && Objects.equals(other, that.other)
        && Objects.equals(text, that.text);
  }

  @Override
  public int hashCode() {
    return text != null ? text.hashCode() : other != null ? other.hashCode() : Long.hashCode(whole);
  }

  /** As {@link #json}, on one line of bounded length: for messages. */
  @Override
  public String toString() {
    return text == null ? CocoJson.oneLine(text()) : '"' + CocoJson.oneLine(text) + '"';
  }
}
