package dev.detr4j.train.export;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The model card of a fine-tuned model, {@code README.md} of its folder.
 *
 * @param name of the model
 * @param start the model that it was made from
 * @param date of the run, as in {@code 2026-11-30}
 * @param version of detr4j
 * @param classes by label
 * @param data what was trained and validated on, in a line each
 * @param settings of the run, by name
 * @param metrics on the validation set, by name; empty where there was none
 */
public record ModelCard(
    String name,
    String start,
    String date,
    String version,
    List<String> classes,
    List<String> data,
    Map<String, String> settings,
    Map<String, Double> metrics) {

  /** Markdown with the header that the Hugging Face hub reads. */
  public String markdown() {
    StringBuilder text = new StringBuilder();
    text.append(
        """
        ---
        # Choose a licence that the starting model and your data allow, and name it here:
        # license: …
        library_name: transformers
        pipeline_tag: object-detection
        tags:
          - object-detection
          - detr4j
        ---

        """);
    text.append("# ").append(line(name)).append("\n\n");
    text.append(
        "An object detector for %d classes, fine-tuned from `%s` with detr4j %s on %s.\n\n"
            .formatted(classes.size(), line(start), line(version), line(date)));
    text.append("## Classes\n\n| label | name |\n|---|---|\n");
    for (int i = 0; i < classes.size(); i++) {
      text.append("| %d | %s |\n".formatted(i, line(classes.get(i))));
    }
    text.append("\n## Data\n\n");
    data.forEach(each -> text.append("- ").append(line(each)).append('\n'));
    text.append("\n## Results\n\n");
    if (metrics.isEmpty()) {
      text.append("Not evaluated.\n");
    } else {
      text.append("COCO's metrics on the validation set:\n\n| metric | value |\n|---|---|\n");
      metrics.forEach(
          (metric, value) -> text.append("| %s | %s |\n".formatted(line(metric), number(value))));
    }
    text.append("\n## Training\n\n| setting | value |\n|---|---|\n");
    settings.forEach(
        (setting, value) -> text.append("| %s | %s |\n".formatted(line(setting), line(value))));
    text.append(
        """

        ## Use

        ```
        ./detr4j detect photo.jpg --model FOLDER
        ```

        ```python
        from transformers import pipeline

        detect = pipeline("object-detection", model="FOLDER")
        ```

        ## Licence

        Not stated yet. The licences of the starting model and of the training data bound the choice.
        """);
    return text.toString();
  }

  private static String number(double value) {
    return value < 0 ? "–" : String.format(Locale.ROOT, "%.3f", value);
  }

  /** Text from files, fit for a cell of a table. */
  private static String line(String text) {
    return text.replaceAll("[\\p{Cntrl}]", " ")
        .replace("\\", "\\\\")
        .replace("|", "\\|")
        .replace("<", "&lt;")
        .replace("`", "'");
  }
}
