package dev.detr4j.cli;

import dev.detr4j.evaluation.AnnotatedBox;
import dev.detr4j.evaluation.Annotations;
import dev.detr4j.evaluation.BoxEvaluation;
import dev.detr4j.evaluation.Category;
import dev.detr4j.evaluation.CocoId;
import dev.detr4j.evaluation.CocoStats;
import dev.detr4j.evaluation.Mistakes;
import dev.detr4j.evaluation.OperatingPoint;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine.Help.Ansi;

/** COCO's numbers for people: the twelve, then a line for each class. */
final class EvaluationText {
  private final PrintWriter out;
  private final Ansi colours = Terminal.colours();

  EvaluationText(PrintWriter out) {
    this.out = out;
  }

  void print(Annotations annotations, BoxEvaluation evaluation, Mistakes mistakes, int detections) {
    long crowds = annotations.boxes().stream().filter(AnnotatedBox::crowd).count();
    out.println(
        String.format(
            Locale.ROOT,
            "%d images, %d objects%s of %d classes, %d detections",
            annotations.images().size(),
            annotations.boxes().size() - crowds,
            crowds == 0 ? "" : " and " + crowds + " crowds",
            annotations.categories().size(),
            detections));
    out.println();
    all(evaluation.stats());
    out.println();
    classes(annotations, evaluation);
    out.println();
    OperatingPoint best = mistakes.best();
    out.println(
        String.format(
            Locale.ROOT,
            "At IoU 0.50, F1 is best (%.3f) with scores of at least %.3f: precision %.3f, recall %.3f",
            best.f1(),
            best.score(),
            best.precision(),
            best.recall()));
    StringBuilder kinds = new StringBuilder("missed: " + mistakes.missed() + "; wrong: ");
    String separator = "";
    for (Mistakes.Kind kind : Mistakes.Kind.values()) {
      kinds.append(separator).append(mistakes.wrong(kind)).append(' ').append(kind.words());
      separator = ", ";
    }
    out.println(kinds);
    out.flush();
  }

  private void all(CocoStats stats) {
    String bySize = "%-17s %7s %7s %7s %7s";
    String single = "%-17s %7s";
    heading(bySize.formatted("", "all", "small", "medium", "large"));
    out.println(
        bySize.formatted(
            "AP, IoU 0.50:0.95",
            number(stats.ap()),
            number(stats.apSmall()),
            number(stats.apMedium()),
            number(stats.apLarge())));
    out.println(single.formatted("AP, IoU 0.50", number(stats.ap50())));
    out.println(single.formatted("AP, IoU 0.75", number(stats.ap75())));
    out.println(single.formatted("AR, 1 an image", number(stats.ar1())));
    out.println(single.formatted("AR, 10", number(stats.ar10())));
    out.println(
        bySize.formatted(
            "AR, 100",
            number(stats.ar100()),
            number(stats.arSmall()),
            number(stats.arMedium()),
            number(stats.arLarge())));
  }

  private void classes(Annotations annotations, BoxEvaluation evaluation) {
    Map<CocoId, Long> objects =
        annotations.boxes().stream()
            .filter(box -> !box.crowd())
            .collect(Collectors.groupingBy(AnnotatedBox::categoryId, Collectors.counting()));
    List<Category> categories = annotations.categories();
    int column =
        Math.min(
            40,
            categories.stream()
                .mapToInt(each -> Terminal.printable(each.name()).length())
                .reduce("class".length(), Math::max));
    String row = "%-" + column + "s  %7s %7s %7s %7s %7s %7s %7s %7s";
    heading(
        row.formatted(
            "class", "objects", "AP", "AP50", "AP75", "small", "medium", "large", "AR100"));
    for (int c = 0; c < categories.size(); c++) {
      Category category = categories.get(c);
      CocoStats stats = evaluation.category(c);
      out.println(
          row.formatted(
              Terminal.printable(category.name()),
              Long.toString(objects.getOrDefault(category.id(), 0L)),
              number(stats.ap()),
              number(stats.ap50()),
              number(stats.ap75()),
              number(stats.apSmall()),
              number(stats.apMedium()),
              number(stats.apLarge()),
              number(stats.ar100())));
    }
  }

  private void heading(String titles) {
    out.println(colours == Ansi.ON ? colours.string("@|bold " + titles + "|@") : titles);
  }

  /** Three digits, or a dash where nothing of the kind is annotated. */
  private static String number(double value) {
    return value < 0 ? "-" : String.format(Locale.ROOT, "%.3f", value);
  }
}
