package dev.detr4j.train;

import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import org.junit.jupiter.api.Test;

/** Which package of the module may know which. */
class RoomsTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("dev.detr4j.train");

  /** Rules hold of nothing too: without this a misread class path would pass. */
  @Test
  void thereAreClasses() {
    assertTrue(CLASSES.size() > 60, "only " + CLASSES.size() + " classes were found");
  }

  @Test
  void noPackageDependsOnOneThatDependsOnIt() {
    slices().matching("dev.detr4j.train.(*)..").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void matchingAndLossesKnowNothingOfDataAndRuns() {
    ArchRuleDefinition.noClasses()
        .that()
        .resideInAnyPackage("dev.detr4j.train.match", "dev.detr4j.train.loss")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "dev.detr4j.train.data..", "dev.detr4j.train.run..", "dev.detr4j.train.augment..")
        .check(CLASSES);
  }
}
