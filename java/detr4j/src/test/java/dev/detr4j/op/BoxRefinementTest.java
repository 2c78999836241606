package dev.detr4j.op;

import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.detr4j.op.gradient.BoxRefinementGradient;
import org.junit.jupiter.api.Test;

/** What the forms of a refinement ask for. */
class BoxRefinementTest {
  @Test
  void aBoxThatIsMovedHasFourColumnsAndNoGradient() {
    assertThrows(
        IllegalArgumentException.class,
        () -> new BoxRefinement(BoxRefinement.Reference.RELATIVE, 2, 0f));
    BoxRefinement relative = new BoxRefinement(BoxRefinement.Reference.RELATIVE, 4, 0f);
    assertThrows(IllegalArgumentException.class, () -> new BoxRefinementGradient(relative, false));
  }
}
