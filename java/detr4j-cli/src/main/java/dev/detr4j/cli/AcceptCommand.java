package dev.detr4j.cli;

import dev.detr4j.Detector;
import dev.detr4j.DetectorBuilder;
import dev.detr4j.DetectorSession;
import dev.detr4j.cli.accept.AcceptanceRun;
import dev.detr4j.cli.accept.AcceptanceValues;
import dev.detr4j.cli.registry.LocalModel;
import dev.detr4j.cli.registry.LocalModels;
import dev.detr4j.cli.registry.ModelEntry;
import dev.detr4j.cli.registry.ModelRegistry;
import dev.detr4j.cli.registry.ModelSettings;
import dev.detr4j.error.ImageException;
import dev.detr4j.image.ImageDecoder;
import dev.detr4j.image.ImageView;
import dev.detr4j.image.PixelSize;
import dev.detr4j.image.PlainResampler;
import dev.detr4j.image.ResamplingFilter;
import dev.detr4j.image.ResamplingPlan;
import dev.detr4j.image.TorchvisionResampling;
import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Compares published weights with the values that their projects assert for them. */
@Command(
    name = "accept",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Compares a published checkpoint with the logits, boxes and detections that its project asserts for one photo.",
      "",
      "The weights must be on this machine (`detr4j models fetch NAME`), and so must the photo: COCO val2017"
          + " 000000039769, two cats and two remotes, 640 x 480."
    },
    parameterListHeading = "%n",
    optionListHeading = "%nOptions:%n",
    footer = {
      "",
      "Exit code 0: every value is within its tolerance; 1: a value is not, or a file is missing."
    })
final class AcceptCommand implements Callable<Integer>, Restart.Candidate {
  private static final List<String> ENDINGS = List.of(".png", ".jpg");

  @Spec private CommandSpec spec;

  @Parameters(arity = "1", paramLabel = "NAME", description = "A name that `detr4j models` lists.")
  private String name;

  @Option(
      names = {"-i", "--image"},
      paramLabel = "FILE",
      description = "The photo. Default: images/000000039769.png or .jpg in DETR4J_HOME.")
  private @Nullable Path image;

  @Mixin private EngineOptions engine;

  private final Ansi colours = Terminal.colours();

  AcceptCommand() {}

  @Override
  public boolean needsVectorApi() {
    return engine.needsVectorApi();
  }

  @Override
  public Integer call() {
    ModelSettings settings = ModelSettings.ofProcess();
    AcceptanceValues all = AcceptanceValues.read(settings.registry());
    Optional<ModelEntry> entry = ModelRegistry.read(settings.registry()).find(name);
    AcceptanceValues.OfModel values = all.of(entry.map(ModelEntry::name).orElse(name));
    LocalModel model = LocalModels.resolve(Path.of(values.model()));
    Path file = image == null ? photo(all.photo(), settings) : image;
    ImageView photo = new ImageDecoder().decode(file);
    if (photo.width() != all.photo().width() || photo.height() != all.photo().height()) {
      throw new ImageException(
          "%s: has %d x %d pixels, the photo %s has %d x %d"
              .formatted(
                  file,
                  photo.width(),
                  photo.height(),
                  all.photo().name(),
                  all.photo().width(),
                  all.photo().height()));
    }
    PrintWriter out = spec.commandLine().getOut();
    try (Detector detector = detector(model);
        DetectorSession session = detector.newSession();
        Arena arena = Arena.ofConfined()) {
      List<AcceptanceRun.Result> results =
          AcceptanceRun.of(values, session, resized(photo, values.resized(), arena));
      out.println(
          Terminal.printable(
              "%s, %s, on %s %s"
                  .formatted(
                      values.model(),
                      file,
                      detector.backend().kind().id(),
                      detector.backend().instructionSet())));
      int missed = 0;
      for (AcceptanceRun.Result result : results) {
        missed += result.passed() ? 0 : 1;
        print(out, result);
      }
      out.println(
          missed == 0 ? "all values are within their tolerance" : missed + " checks failed");
      out.flush();
      String warning = engine.takeWarning();
      if (warning != null) {
        spec.commandLine().getErr().println("detr4j: " + warning);
      }
      return missed == 0 ? 0 : 1;
    }
  }

  private static ImageView resized(ImageView photo, @Nullable PixelSize size, Arena arena) {
    if (size == null) {
      return photo;
    }
    ResamplingPlan plan =
        new TorchvisionResampling(ResamplingFilter.BILINEAR)
            .plan(new PixelSize(photo.width(), photo.height()), size);
    MemorySegment pixels = arena.allocate(3L * size.width() * size.height(), 64);
    PlainResampler.resize(photo, plan, arena.allocate(plan.intermediateBytes(), 64), pixels);
    return ImageView.rgb(pixels, size.width(), size.height());
  }

  private Detector detector(LocalModel model) {
    DetectorBuilder builder = model.builder();
    engine.apply(builder);
    return builder.build();
  }

  private static Path photo(AcceptanceValues.Photo photo, ModelSettings settings) {
    if (!settings.home().isAbsolute()) {
      throw new ImageException(
          "photo not found: this user has no home folder; name it with --image; it is "
              + photo.url());
    }
    Path folder = settings.home().resolve("images");
    return ENDINGS.stream()
        .map(ending -> folder.resolve(photo.name() + ending))
        .filter(Files::isRegularFile)
        .findFirst()
        .orElseThrow(() ->
            new ImageException(
                "photo not found: name it with --image, or put it into %s; it is %s"
                    .formatted(folder, photo.url())));
  }

  private void print(PrintWriter out, AcceptanceRun.Result result) {
    String verdict =
        result.passed() ? colours.string("@|green pass|@") : colours.string("@|red,bold FAIL|@");
    out.println(
        "  %s  %-24s  %s; asserted by %s"
            .formatted(verdict, result.what(), result.note(), result.check().from()));
  }
}
