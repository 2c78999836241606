package dev.detr4j.parity;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.Detr4jException;
import dev.detr4j.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Finds the cases of a golden set.
 *
 * <p>What this version cannot run is found too, as {@link ParityCase.NotRun}; a case whose
 * description cannot be read becomes one that fails with the reason.
 */
public final class ParityCases {
  private static final String LATER = "not supported by this version";

  private final GoldenSet set;
  private final List<ParityCase> cases = new ArrayList<>();

  private ParityCases(GoldenSet set) {
    this.set = set;
  }

  /**
   * The cases of a set, by kind and then by path.
   *
   * @param prefixes a case is taken when its path begins with one of them; empty takes all
   */
  public static List<ParityCase> of(GoldenSet set, List<String> prefixes) {
    ParityCases all = new ParityCases(set);
    all.addModels();
    all.guarded("msda", "msda/index.json", all::addAttention);
    all.guarded("prepost/preprocess", "prepost/preprocess.json", all::addPreprocessing);
    all.guarded("prepost/preprocess", "prepost/preprocess_families.json", all::addPreprocessing);
    all.guarded("prepost/preprocess", "prepost/preprocess_rf_detr.json", all::addPreprocessing);
    all.addFile("prepost/size_rules", "prepost/size_rules.json", SizeRuleParity::new);
    all.addFile(
        "prepost/size_rules_families", "prepost/size_rules_families.json", FamilySizeParity::new);
    all.addFile(
        "prepost/normalisation",
        "prepost/resized_samples_families.safetensors",
        NormalisationParity::new);
    all.addSelections();
    all.addFile("prepost/softnms", "prepost/softnms/softnms.json", SuppressionParity::new);
    all.addEvaluations();
    all.guarded("containers", "containers/expected.json", all::addContainers);
    all.guarded("containers/hostile", "containers/hostile/expected.json", all::addHostile);
    all.addTraining();
    if (prefixes.isEmpty()) {
      return List.copyOf(all.cases);
    }
    return all.cases.stream()
        .filter(each -> prefixes.stream().anyMatch(each.path()::startsWith))
        .toList();
  }

  private void addModels() {
    for (String path : set.modelPaths("")) {
      guarded(path, path + "/manifest.json", file -> cases.add(new ModelParity(set, path)));
    }
  }

  private void addAttention(Path index) {
    for (JsonObject entry : JsonObject.read(index, error("msda")).objects("cases")) {
      String name = entry.string("file");
      cases.add(new AttentionParity("msda/" + stem(name), beside(index, entry, name), entry));
    }
  }

  private void addPreprocessing(Path index) {
    JsonObject all = JsonObject.read(index, error("prepost/preprocess"));
    Path samples = beside(index, all, all.string("samples_file"));
    Map<String, Integer> others = new TreeMap<>();
    for (JsonObject entry : all.objects("cases")) {
      String pipeline = entry.string("pipeline");
      if (ResizeParity.PIPELINES.contains(pipeline)) {
        beside(index, entry, entry.string("image"));
        if (entry.has("png")) {
          beside(index, entry, entry.string("png"));
        }
        cases.add(
            new ResizeParity(
                "prepost/preprocess/" + entry.string("sample_key"),
                samples.resolveSibling(""),
                samples,
                entry));
      } else {
        others.merge(pipeline, 1, Integer::sum);
      }
    }
    others.forEach((pipeline, count) ->
        cases.add(
            new ParityCase.NotRun(
                "prepost/preprocess/" + pipeline,
                "%d images: pipeline %s is %s".formatted(count, pipeline, LATER))));
  }

  private void addSelections() {
    for (Path file : files(set.folder().resolve("prepost/post"), ".json")) {
      String path = "prepost/post/" + stem(file.getFileName().toString());
      guarded(
          path,
          "prepost/post/" + file.getFileName(),
          json -> {
            JsonObject entry = SelectionParity.read(json);
            beside(json, entry, entry.string("expected_file"));
            cases.add(SelectionParity.of(path, json.resolveSibling(""), entry));
          });
    }
  }

  private void addEvaluations() {
    Path folder = set.folder().resolve("prepost/coco");
    for (Path file : files(folder, "")) {
      if (Files.isRegularFile(file.resolve("expected.json"))) {
        cases.add(new EvaluationParity("prepost/coco/" + file.getFileName(), file));
      }
    }
  }

  private void addTraining() {
    guarded("losses", "losses/index.json", this::addLosses);
    guarded("ops", "ops/index.json", this::addOperations);
    guarded("gradients", "gradients/index.json", this::addModelGradients);
    guarded("trajectories", "trajectories/index.json", this::addTrajectories);
    addFile("trajectories/optimizer", "trajectories/optimizer.json", OptimizerParity::new);
    addFile(
        "data",
        "data/transforms.json",
        (path, file) ->
            new ParityCase.NotRun(
                path,
                "AugmentationGoldenTest of detr4j-train compares boxes through augmentations"));
  }

  private void addLosses(Path index) {
    for (JsonObject entry : JsonObject.read(index, error("losses")).objects("cases")) {
      String name = entry.string("case");
      cases.add(new LossParity("losses/" + name, beside(index, entry, name + ".json")));
    }
  }

  private void addOperations(Path index) {
    for (JsonObject entry : JsonObject.read(index, error("ops")).objects("cases")) {
      String path = "ops/" + entry.string("case");
      Path file = beside(index, entry, entry.string("file"));
      cases.add(
          LossOperationParity.runs(entry.string("op"))
              ? new LossOperationParity(path, file, entry)
              : new OperationGradientParity(path, file, entry));
    }
  }

  private void addModelGradients(Path index) {
    for (JsonObject entry : JsonObject.read(index, error("gradients")).objects("cases")) {
      String name = entry.string("case");
      Path folder = beside(index, entry, name);
      JsonObject manifest = ModelGradientParity.manifest("gradients/" + name, folder);
      for (String variant : manifest.object("variants").names()) {
        String path = "gradients/" + name + "/" + variant;
        cases.add(new ModelGradientParity(path, folder, manifest, variant, false));
        if (name.startsWith("small_") && variant.equals("original")) {
          cases.add(new ModelGradientParity(path + "-recomputed", folder, manifest, variant, true));
        }
      }
    }
  }

  private void addTrajectories(Path index) {
    for (JsonObject entry : JsonObject.read(index, error("trajectories")).objects("cases")) {
      String name = entry.string("case");
      cases.add(new TrajectoryParity("trajectories/" + name, beside(index, entry, name)));
    }
  }

  private interface OfFile {
    ParityCase make(String path, Path file);
  }

  private void addFile(String path, String file, OfFile maker) {
    if (Files.exists(set.folder().resolve(file))) {
      cases.add(maker.make(path, set.folder().resolve(file)));
    }
  }

  private void addContainers(Path index) {
    for (JsonObject entry : JsonObject.read(index, error("containers")).objects("cases")) {
      String name = entry.string("file");
      cases.add(new ContainerParity("containers/" + name, beside(index, entry, name), entry));
    }
  }

  private void addHostile(Path index) {
    JsonObject all = JsonObject.read(index, error("containers/hostile"));
    Path canary = Path.of(all.string("canary_prefix").replace('\0', '?'));
    for (JsonObject entry : all.objects("files")) {
      String name = entry.string("file");
      cases.add(
          new HostileParity(
              "containers/hostile/" + name, beside(index, entry, name), entry, canary));
    }
  }

  private interface Finder {
    void find(Path file);
  }

  /** Runs a finder if its file is there; if it fails, that is the case. */
  private void guarded(String path, String file, Finder finder) {
    Path resolved = set.folder().resolve(file);
    if (!Files.exists(resolved)) {
      return;
    }
    try {
      finder.find(resolved);
    } catch (Detr4jException e) {
      cases.add(new Broken(path, e));
    }
  }

  private record Broken(String path, Detr4jException cause) implements ParityCase.OnHost {
    @Override
    public List<StageResult> run() {
      throw cause;
    }
  }

  /** A file that an index names: it must lie in the index's folder or below. */
  private static Path beside(Path index, JsonObject entry, String name) {
    Path folder = index.resolveSibling("").toAbsolutePath().normalize();
    Path file = folder.resolve(name.replace('\0', '?')).normalize();
    if (!file.startsWith(folder) || file.equals(folder)) {
      throw entry.wrong("file " + name + " is outside of the set");
    }
    return file;
  }

  private static List<Path> files(Path folder, String ending) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(ending)).sorted().toList();
    } catch (IOException e) {
      throw new CheckpointException(folder + ": cannot be listed: " + e.getMessage(), e);
    }
  }

  private static Function<String, Detr4jException> error(String path) {
    return message -> new CheckpointException("golden case " + path + ": " + message);
  }

  private static String stem(String name) {
    int dot = name.lastIndexOf('.');
    return dot > 0 ? name.substring(0, dot) : name;
  }
}
