package dev.detr4j.cli.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.error.ModelConfigException;
import dev.detr4j.model.description.ModelSource;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalModelsTest {
  private static final String COMMIT = "1d5f47bd3bdd2c4bbfa585418ffe6da5028b4c0b";

  @TempDir Path folder;

  private final ModelRegistry registry = ModelRegistry.read(null);
  private ModelSettings settings;
  private LocalModels local;

  @BeforeEach
  void look() {
    settings =
        ModelSettings.of(
            name -> null,
            Map.of(
                    "HF_HOME",
                    folder.resolve("hf").toString(),
                    "DETR4J_HOME",
                    folder.resolve("home").toString())
                ::get);
    local = new LocalModels(settings);
  }

  /** As the Hugging Face tools lay it out: blobs, and links to them by commit and name. */
  private Path cached(String repository, String revision, String commit, String... names)
      throws IOException {
    Path models = settings.hubCache().resolve("models--" + repository.replace("/", "--"));
    Path snapshot = Files.createDirectories(models.resolve("snapshots/" + commit));
    Files.createDirectories(models.resolve("refs"));
    Files.writeString(models.resolve("refs/" + revision), commit);
    Files.createDirectories(models.resolve("blobs"));
    for (String name : names) {
      Path blob = Files.writeString(models.resolve("blobs/of-" + name), "");
      Files.createSymbolicLink(snapshot.resolve(name), snapshot.relativize(blob));
    }
    return snapshot;
  }

  private ModelEntry entry(String name) {
    return registry.find(name).orElseThrow();
  }

  @Test
  void theCacheOfTheHuggingFaceTools() throws IOException {
    ModelEntry entry = entry("facebook/detr-resnet-50");
    assertTrue(local.find(entry).isEmpty());
    Path snapshot =
        cached("facebook/detr-resnet-50", "main", COMMIT, "config.json", "pytorch_model.bin");
    LocalModel found = local.find(entry).orElseThrow();
    assertEquals(snapshot, found.path());
    assertNull(found.source());
    assertTrue(local.find(entry("facebook/detr-resnet-50@no_timm")).isEmpty());
    // A model that the registry does not know, at a branch, and by its commit alone.
    Path other = cached("a/tuned", "v2", COMMIT, "config.json", "model.safetensors");
    assertEquals(other, local.named("a/tuned@v2", registry).path());
    assertEquals(other, local.named("a/tuned@" + COMMIT, registry).path());
    assertThrows(ModelConfigException.class, () -> local.named("a/tuned", registry));
  }

  @Test
  void halfASnapshotIsNoModel() throws IOException {
    ModelEntry entry = entry("facebook/detr-resnet-50");
    cached("facebook/detr-resnet-50", "main", COMMIT, "config.json");
    assertTrue(local.find(entry).isEmpty());
    Path snapshot = cached("facebook/detr-resnet-50", "main", COMMIT, "model.safetensors");
    assertTrue(local.find(entry).isPresent());
    // A link whose blob is gone.
    Files.delete(snapshot.resolve("model.safetensors").toRealPath());
    assertTrue(local.find(entry).isEmpty());
  }

  @Test
  void aRefLeadsNowhereElse() throws IOException {
    Path outside = Files.createDirectories(folder.resolve("outside"));
    Files.writeString(outside.resolve("config.json"), "");
    Files.writeString(outside.resolve("model.safetensors"), "");
    cached("facebook/detr-resnet-50", "main", COMMIT);
    Path ref = settings.hubCache().resolve("models--facebook--detr-resnet-50/refs/main");
    Files.writeString(ref, outside.toString());
    assertTrue(local.find(entry("facebook/detr-resnet-50")).isEmpty());
  }

  @Test
  void fetchedModels() throws IOException {
    ModelEntry hub = entry("facebook/detr-resnet-50");
    Path fetched = Files.createDirectories(local.folder(hub));
    assertEquals(folder.resolve("home/models/facebook/detr-resnet-50"), fetched);
    Files.writeString(fetched.resolve("config.json"), "");
    Files.writeString(fetched.resolve("model.safetensors"), "");
    assertEquals(fetched, local.find(hub).orElseThrow().path());
    // The cache goes first.
    Path cached =
        cached("facebook/detr-resnet-50", "main", COMMIT, "config.json", "model.safetensors");
    assertEquals(cached, local.find(hub).orElseThrow().path());

    ModelEntry file = entry("detr/r50-dc5");
    Path weights =
        Files.createDirectories(local.folder(file)).resolve(file.files().getFirst().name());
    assertFalse(local.find(file).isPresent());
    Files.writeString(weights, "");
    assertEquals(
        new LocalModel(weights, ModelSource.DETR, "r50-dc5"), local.find(file).orElseThrow());
  }

  @Test
  void whatIsNotHereSaysHowToGetIt() {
    String fetch = message("detr-resnet-50");
    assertTrue(fetch.contains("`detr4j models fetch facebook/detr-resnet-50`"), fetch);
    assertTrue(fetch.contains(settings.hubCache().toString()), fetch);
    String unknown = message("no-such-model");
    assertTrue(unknown.contains("`detr4j models` lists the names"), unknown);
  }

  private String message(String name) {
    return String.valueOf(
        assertThrows(ModelConfigException.class, () -> local.named(name, registry)).getMessage());
  }

  @Test
  void settings() {
    Map<String, String> variables =
        Map.of(
            "XDG_CACHE_HOME",
            "/c",
            "HF_ENDPOINT",
            "https://mirror.example/",
            "HF_TOKEN",
            " t ",
            "HF_HUB_OFFLINE",
            "TRUE",
            "DETR4J_HOME",
            "  ");
    ModelSettings found = ModelSettings.of(name -> null, variables::get);
    assertEquals(Path.of("/c/detr4j").toAbsolutePath(), found.home());
    assertEquals(Path.of("/c/huggingface/hub").toAbsolutePath(), found.hubCache());
    assertEquals(URI.create("https://mirror.example"), found.endpoint());
    assertEquals("t", found.token());
    assertTrue(found.offline());
    Map<String, String> properties =
        Map.of("detr4j.models.home", "~/m", "user.home", "/u", "detr4j.models.registry", "/r");
    found = ModelSettings.of(properties::get, Map.of("HF_HUB_CACHE", "~/x")::get);
    assertEquals(Path.of("/u/m").toAbsolutePath(), found.home());
    assertEquals(Path.of("/u/x").toAbsolutePath(), found.hubCache());
    assertEquals(Path.of("/r").toAbsolutePath(), found.registry());
    assertEquals("https://huggingface.co", found.endpoint().toString());
    assertFalse(found.offline());
    assertThrows(
        ModelConfigException.class,
        () -> ModelSettings.of(name -> null, Map.of("HF_ENDPOINT", "mirror")::get));
  }

  /** Java calls the home of such a user "?", which must not become a folder beside the program. */
  @Test
  void withoutAHomeNothingIsLookedForInTheWorkingDirectory() {
    Map<String, String> nobody = Map.of("user.home", "?");
    ModelSettings none = ModelSettings.of(nobody::get, Map.of("XDG_CACHE_HOME", "relative")::get);
    assertFalse(none.home().isAbsolute());
    assertFalse(none.hubCache().isAbsolute());
    LocalModels models = new LocalModels(none);
    assertTrue(models.find(entry("facebook/detr-resnet-50")).isEmpty());
    assertEquals(
        "model detr-resnet-50: not on this machine (this user has no home folder; DETR4J_HOME names"
            + " another place); `detr4j models fetch facebook/detr-resnet-50` gets it",
        assertThrows(ModelConfigException.class, () -> models.named("detr-resnet-50", registry))
            .getMessage());
    assertEquals(
        "~/m is in the home folder, but this user has none",
        assertThrows(
                ModelConfigException.class,
                () -> ModelSettings.of(nobody::get, Map.of("DETR4J_HOME", "~/m")::get))
            .getMessage());
    assertEquals(
        Path.of("/m"), ModelSettings.of(nobody::get, Map.of("DETR4J_HOME", "/m")::get).home());
  }
}
