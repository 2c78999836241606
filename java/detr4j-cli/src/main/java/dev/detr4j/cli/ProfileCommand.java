package dev.detr4j.cli;

import dev.detr4j.Detector;
import dev.detr4j.DetectorBuilder;
import dev.detr4j.DetectorSession;
import dev.detr4j.WarmUp;
import dev.detr4j.backend.BackendOptions;
import dev.detr4j.backend.BackendProvider;
import dev.detr4j.backend.BackendProviders;
import dev.detr4j.backend.BackendSettings;
import dev.detr4j.backend.PeakMeter;
import dev.detr4j.backend.PeakRates;
import dev.detr4j.backend.VectorUnit;
import dev.detr4j.cli.profile.OtherProcesses;
import dev.detr4j.cli.profile.Profile;
import dev.detr4j.cli.profile.ProfileJson;
import dev.detr4j.cli.profile.ProfilePicture;
import dev.detr4j.cli.profile.ProfileText;
import dev.detr4j.cli.registry.LocalModel;
import dev.detr4j.image.ImageDecoder;
import dev.detr4j.image.ImageView;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Says where the time of a model goes. */
@Command(
    name = "profile",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Shows where the time of a model goes. Prints time, GFLOP/s, GB/s and share of each stage, operation and step,"
          + " and compares them with the peaks of this machine, measured in the same run."
    },
    parameterListHeading = "%n",
    optionListHeading = "%nOptions:%n",
    footer = {
      "",
      "Examples:",
      "  detr4j profile photo.jpg --model detr-resnet-50/",
      "  detr4j profile photo.jpg --model detr-resnet-50/ --backend vector --threads 1 --picture roofline.png",
      "  detr4j profile photo.jpg --model detr-resnet-50/ --format json > profile.json",
      "",
      "FLOPs count the products of the direct formula; a multiply-add counts as two. Bytes count every input, weight and"
          + " output once. Both can exceed the peaks: Winograd's convolution needs fewer products, and data in a cache"
          + " need no memory access.",
      "Two small loops measure the peaks, with the threads and the vector width of the backend. One does multiply-adds in"
          + " registers, the other reads 256 MiB in order. Each peak is the best of many passes before and after the"
          + " rounds."
    })
final class ProfileCommand implements Callable<Integer>, Restart.Candidate {
  @Spec private CommandSpec spec;

  @Parameters(index = "0", paramLabel = "IMAGE", description = "The image to run the model on.")
  private Path image;

  @Option(
      names = {"-m", "--model"},
      paramLabel = "MODEL",
      description = "The model, as for detect.")
  private @Nullable Path model;

  @Mixin private ModelOptions modelOptions;

  @Option(
      names = {"-n", "--rounds"},
      paramLabel = "N",
      defaultValue = "9",
      converter = EngineOptions.AtLeastOne.class,
      description =
          "Number of timed calls after the warm-up. Times are medians. Default: ${DEFAULT-VALUE}.")
  private int rounds;

  @Option(
      names = "--top",
      paramLabel = "N",
      defaultValue = "20",
      description =
          "Number of steps in the table, slowest first; json has all. Default: ${DEFAULT-VALUE}.")
  private int top;

  @Option(
      names = {"-f", "--format"},
      paramLabel = "FORMAT",
      defaultValue = "text",
      description = "text or json. Default: ${DEFAULT-VALUE}.")
  private Format format;

  @Option(
      names = {"-p", "--picture"},
      paramLabel = "OUT.png",
      description = "Draw the stages and a roofline plot of the steps.")
  private @Nullable Path picture;

  @Mixin private EngineOptions engine;

  enum Format {
    TEXT,
    JSON
  }

  ProfileCommand() {}

  @Override
  public boolean needsVectorApi() {
    return true; // for the peaks, whatever the backend
  }

  @Override
  public Integer call() throws IOException {
    check(top >= 0, "--top is " + top + ", expected a number of steps");
    check(
        picture == null || picture.toString().toLowerCase(Locale.ROOT).endsWith(".png"),
        "--picture is " + picture + ", expected a name that ends in .png");
    PrintWriter err = spec.commandLine().getErr();
    ImageView pixels = new ImageDecoder().decode(image);
    try (ReplacedFile file = picture == null ? null : ReplacedFile.open(picture);
        Detector detector = open(err);
        DetectorSession session = detector.newSession()) {
      Profile profile = profile(detector, session, pixels, err);
      if (file != null) {
        Pictures.write(ProfilePicture.draw(profile), "png", file.kept());
        file.commit();
      }
      PrintWriter out = spec.commandLine().getOut();
      if (format == Format.JSON) {
        ProfileJson.write(profile, out);
      } else {
        new ProfileText(out, Terminal.colours()).print(profile, top);
      }
      return 0;
    }
  }

  private void check(boolean holds, String otherwise) {
    if (!holds) {
      throw new ParameterException(spec.commandLine(), otherwise);
    }
  }

  private Detector open(PrintWriter err) {
    LocalModel found = DefaultModel.orNamed(model);
    DetectorBuilder builder = modelOptions.applyTo(found.builder());
    engine.apply(builder);
    Detector detector = builder.build();
    DefaultModel.announce(model, err);
    return detector;
  }

  private Profile profile(
      Detector detector, DetectorSession session, ImageView pixels, PrintWriter err) {
    BackendOptions options =
        BackendSettings.ofProcess()
            .options(engine.threads, engine.instructionSet, null, engine.precision);
    BackendProvider provider = BackendProviders.of(detector.backend().kind()).provider();
    VectorUnit vectors = provider == null ? VectorUnit.WIDEST : provider.vectorUnit(options);
    PeakMeter meter = PeakMeter.ofThisJvm();
    String refusal = meter.refusal(vectors);
    if (refusal != null) {
      err.println("detr4j: the machine's peaks are not measured: " + refusal);
      err.flush();
    }
    WarmUp warmUp = session.warmUp(pixels.width(), pixels.height());
    PeakRates peaks = refusal == null ? meter.measure(vectors, options.threads()) : null;
    OtherProcesses others = new OtherProcesses();
    var timings = session.profile(pixels, rounds);
    double busy = others.share();
    if (peaks != null) {
      peaks = peaks.best(meter.measure(vectors, options.threads()));
    }
    return Profile.of(
        detector.model().architecture() + ", " + detector.model().backbone(),
        pixels.width(),
        pixels.height(),
        detector.backend(),
        options.precision(),
        warmUp,
        timings,
        peaks,
        busy);
  }
}
