package dev.detr4j.evaluation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Locale;
import org.junit.jupiter.api.Test;

class ResultsFileTest {
  @Test
  void digitsAreThoseOfJsonWhereTheLocaleHasOthers() {
    Locale before = Locale.getDefault();
    try {
      Locale.setDefault(Locale.forLanguageTag("ar-EG"));
      assertEquals(
          "{\"image_id\":12,\"category_id\":3,\"bbox\":[1.5,2.0,30.0,40.25],\"score\":0.75}",
          ResultsFile.line(new ScoredBox(12, 3, new Box(1.5, 2, 30, 40.25), 0.75)));
    } finally {
      Locale.setDefault(before);
    }
  }
}
