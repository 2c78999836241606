package dev.detr4j.cli.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.error.ModelConfigException;
import dev.detr4j.model.description.ModelSource;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelRegistryTest {
  @TempDir Path folder;

  private final ModelRegistry registry = ModelRegistry.read(null);

  @Test
  void everySourceIsThere() {
    Set<ModelSource> sources =
        registry.entries().stream().map(ModelEntry::source).collect(Collectors.toSet());
    assertEquals(EnumSet.allOf(ModelSource.class), sources);
  }

  @Test
  void digestsAreThoseInTheFileNames() {
    for (ModelEntry entry : registry.entries()) {
      boolean named =
          entry.source() == ModelSource.DETR || entry.source() == ModelSource.MMDETECTION;
      for (ModelFile file : entry.files()) {
        URI url = file.url();
        if (named) {
          assertTrue(file.name().endsWith("-" + file.sha256() + ".pth"), file::toString);
        }
        if (url != null) {
          assertEquals("https", url.getScheme());
        }
      }
      Double ap = entry.ap();
      // Models of pages, tables and Objects365 have no AP on COCO; of RF-DETR's base, the project
      // states none any more.
      boolean coco =
          !entry.name().contains("table-transformer")
              && !entry.name().startsWith("docling-project/")
              && !entry.name().endsWith("-obj365")
              && !entry.name().matches("(Roboflow/rf-detr-|rf-detr/)base");
      assertTrue(coco ? ap != null && ap > 39 && ap < 60 : ap == null, entry::name);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "facebook/detr-resnet-50, facebook/detr-resnet-50",
    "detr-resnet-50, facebook/detr-resnet-50",
    "detr-resnet-50@no_timm, facebook/detr-resnet-50@no_timm",
    "r101-dc5, detr/r101-dc5",
    "birder-project/deformable_detr_boxref_coco_convnext_v2_tiny_imagenet21k, birder/refine",
    "deformable_detr_boxref_coco_convnext_v2_tiny_imagenet21k, birder/refine",
  })
  void namesAndWhatStandsForThem(String asked, String name) {
    assertEquals(name, registry.find(asked).orElseThrow().name());
  }

  @Test
  void severalAreAnError() {
    ModelConfigException error =
        assertThrows(ModelConfigException.class, () -> registry.find("two-stage"));
    String message = String.valueOf(error.getMessage());
    assertTrue(message.contains("detrex/two-stage or mmdet/two-stage"), message);
    assertTrue(registry.find("facebook/detr-resnet-51").isEmpty());
    assertTrue(registry.find("").isEmpty());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"name\": \"../a\" | name is \"../a\"",
        "\"name\": \"a/..\" | name is \"a/..\"",
        "\"name\": \"a\" | expected owner/model",
        "\"name\": \"a/b\", \"source\": \"timm\" | expected one of huggingface",
        "\"name\": \"a/b\", \"hub\": \"../b\" | hub is",
        "\"name\": \"a/b\", \"hub\": \"c/d\", \"revision\": \"../../x\" | revision is",
        "\"name\": \"a/b\", \"files\": [] | files is empty",
        "\"name\": \"a/b\", \"files\": [{\"name\": \"../f\"}] | a plain file name",
        "\"name\": \"a/b\", \"files\": [{\"name\": \"f\"}] | url is missing",
        "\"name\": \"a/b\", \"files\": [{\"name\": \"f\", \"url\": \"file:///f\"}] | expected one of https",
        "\"name\": \"a/b\", \"files\": [{\"name\": \"f\", \"url\": \"http://h/f\", \"sha256\": \"xyz\"}] | hex digits",
      })
  void aRegistryOfOnesOwnIsChecked(String fields, String message) throws IOException {
    String all = "\"source\": \"detr\", \"variant\": \"r50\", \"licence\": \"none\", ";
    if (!fields.contains("\"files\"")) {
      all += "\"files\": [{\"name\": \"f\", \"url\": \"http://h/f\"}], ";
    }
    if (fields.contains("\"source\"")) {
      all = all.replace("\"source\": \"detr\", ", "");
    }
    Files.writeString(
        folder.resolve("models.json"), "{\"models\": [{" + all + fields.strip() + "}]}");
    ModelConfigException error =
        assertThrows(ModelConfigException.class, () -> ModelRegistry.read(folder));
    assertTrue(String.valueOf(error.getMessage()).contains(message.strip()), error::getMessage);
  }
}
