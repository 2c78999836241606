package dev.detr4j.train.run;

import dev.detr4j.train.fault.Findings.Finding;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The page of a run: how it goes, its settings, what was found in the data. One file beside its
 * picture, without scripts; text from files is escaped. Stateless.
 */
final class ReportPage {
  private static final List<String> METRICS =
      List.of("AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large", "AR100");

  private ReportPage() {}

  static String html(
      String title,
      String state,
      Map<String, String> settings,
      List<Finding> findings,
      TrainLog log,
      int bestEpoch) {
    StringBuilder page = new StringBuilder();
    page.append(
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src 'self'; style-src 'unsafe-inline'">
        <title>%s</title>
        <style>
        body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 82em; padding: 0 1em; color: #202028; }
        img { max-width: 100%%; height: auto; }
        table { border-collapse: collapse; margin: 1em 0; }
        th, td { border-bottom: 1px solid #e4e4ea; padding: .3em .8em; text-align: left; }
        td.n { text-align: right; font-variant-numeric: tabular-nums; }
        tr.best { font-weight: bold; }
        </style>
        </head>
        <body>
        <h1>%s</h1>
        <p>%s</p>
        <img src="curves.png" alt="Curves of the loss and of the validation">
        """
            .formatted(escaped(title), escaped(title), escaped(state)));
    page.append("<h2>Validation</h2>\n<table><tr><th>epoch</th><th>step</th>");
    METRICS.forEach(name -> page.append("<th>").append(name).append("</th>"));
    page.append("</tr>\n");
    for (TrainLog.Evaluation each : log.evaluations()) {
      page.append(each.epoch() == bestEpoch ? "<tr class=\"best\">" : "<tr>");
      page.append(
          "<td class=\"n\">%d</td><td class=\"n\">%d</td>"
              .formatted(each.epoch() + 1, each.step()));
      for (String name : METRICS) {
        double value = each.metrics().getOrDefault(name, -1.0);
        page.append("<td class=\"n\">")
            .append(value < 0 ? "–" : String.format(Locale.ROOT, "%.3f", value))
            .append("</td>");
      }
      page.append("</tr>\n");
    }
    page.append(
        "</table>\n<p><a href=\"mistakes.html\">The worst mistakes of the best model</a>, ");
    page.append("<a href=\"first-batch.png\">the first batch as the network got it</a></p>\n");
    if (!findings.isEmpty()) {
      page.append("<h2>Found in the data</h2>\n<ul>\n");
      findings.forEach(
          each -> page.append("<li>").append(escaped(each.toString())).append("</li>\n"));
      page.append("</ul>\n");
    }
    page.append("<h2>Settings</h2>\n<table>\n");
    settings.forEach((name, value) ->
        page.append("<tr><th>")
            .append(escaped(name))
            .append("</th><td>")
            .append(escaped(value))
            .append("</td></tr>\n"));
    return page.append("</table>\n</body>\n</html>\n").toString();
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
