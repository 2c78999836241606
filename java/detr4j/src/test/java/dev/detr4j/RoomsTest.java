package dev.detr4j;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import dev.detr4j.model.ModelFamilies;
import dev.detr4j.model.family.ModelFamily;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import org.junit.jupiter.api.Test;

/** Which package may know which: java/README.md draws the picture that this test holds. */
class RoomsTest {
  private static final String ROOT = "dev.detr4j";

  /** Every package is a slice of its own: a package and one below it are two. */
  private static final SliceAssignment PACKAGES =
      new SliceAssignment() {
        @Override
        public SliceIdentifier getIdentifierOf(JavaClass type) {
          return SliceIdentifier.of(type.getPackageName());
        }

        @Override
        public String getDescription() {
          return "the packages";
        }
      };

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages(ROOT);

  private static void holds(ArchRule rule) {
    rule.check(CLASSES);
  }

  /** Rules hold of nothing too: without this a misread class path would pass. */
  @Test
  void thereAreClasses() {
    assertTrue(CLASSES.size() > 300, "only " + CLASSES.size() + " classes were found");
  }

  @Test
  void packagesFormNoCircle() {
    holds(slices().assignedFrom(PACKAGES).should().beFreeOfCycles());
  }

  @Test
  void nothingBelowKnowsTheFacade() {
    holds(
        noClasses()
            .that(describe("are below the facade", type -> !type.getPackageName().equals(ROOT)))
            .should()
            .dependOnClassesThat(
                describe("are the facade", type -> type.getPackageName().equals(ROOT))));
  }

  @Test
  void onlyTheVectorBackendKnowsTheVectorApi() {
    holds(
        noClasses()
            .that()
            .resideOutsideOfPackage("dev.detr4j.backend.vector")
            .should()
            .dependOnClassesThat(resideInAPackage("jdk.incubator.vector")));
  }

  @Test
  void onlyTheBindingsCallNativeCode() {
    holds(
        noClasses()
            .that()
            .resideOutsideOfPackage("dev.detr4j.ffi..")
            .should()
            .dependOnClassesThat()
            .belongToAnyOf(Linker.class, SymbolLookup.class));
  }

  @Test
  void nothingKnowsAConcreteBackend() {
    for (String backend : new String[] {"vector", "c", "reference"}) {
      String room = "dev.detr4j.backend." + backend;
      holds(
          noClasses()
              .that()
              .resideOutsideOfPackage(room)
              .should()
              .dependOnClassesThat(resideInAPackage(room)));
    }
  }

  /** What a model family is may be known, which there are only by {@code ModelFamilies}. */
  @Test
  void onlyTheListKnowsTheFamilies() {
    for (ModelFamily family : ModelFamilies.ALL.list()) {
      String room = family.getClass().getPackageName();
      holds(
          noClasses()
              .that()
              .resideOutsideOfPackages(room, "dev.detr4j.model")
              .should()
              .dependOnClassesThat(resideInAPackage(room)));
    }
  }

  @Test
  void modelsKnowNoFiles() {
    holds(
        noClasses()
            .that()
            .resideInAPackage("dev.detr4j.model..")
            .should()
            .dependOnClassesThat(
                resideInAnyPackage(
                    "dev.detr4j.checkpoint..", "dev.detr4j.convert..", "dev.detr4j.session..")));
  }

  @Test
  void backendsKnowOperationsAndTensorsOnly() {
    holds(
        noClasses()
            .that()
            .resideInAPackage("dev.detr4j.backend..")
            .should()
            .dependOnClassesThat(
                resideInAnyPackage(
                    "dev.detr4j.model..",
                    "dev.detr4j.plan..",
                    "dev.detr4j.session..",
                    "dev.detr4j.checkpoint..",
                    "dev.detr4j.image..",
                    "dev.detr4j.postprocess..")));
  }

  @Test
  void operationsAndTensorsKnowNothing() {
    holds(
        noClasses()
            .that()
            .resideInAnyPackage("dev.detr4j.op", "dev.detr4j.tensor", "dev.detr4j.error")
            .should()
            .dependOnClassesThat(
                describe(
                    "are of another room",
                    type ->
                        type.getPackageName().startsWith(ROOT)
                            && !type.getPackageName().equals("dev.detr4j.op")
                            && !type.getPackageName().equals("dev.detr4j.tensor")
                            && !type.getPackageName().equals("dev.detr4j.error"))));
  }
}
