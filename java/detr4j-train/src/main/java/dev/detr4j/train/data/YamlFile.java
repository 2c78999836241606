package dev.detr4j.train.data;

import dev.detr4j.error.OneLine;
import dev.detr4j.train.TrainingException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** Reads the small YAML files of data sets: plain values only, bounded. */
final class YamlFile {
  private static final int LONGEST = 1 << 20;

  private YamlFile() {}

  /** The map that a file holds. */
  static Map<String, Object> read(Path file) {
    String text = DataFiles.text(file);
    LoadSettings settings =
        LoadSettings.builder()
            .setLabel(DataFiles.name(file))
            .setAllowDuplicateKeys(false)
            .setMaxAliasesForCollections(10)
            .setCodePointLimit(LONGEST)
            .build();
    Object content;
    // Beside its own exceptions, the parser lets those of broken numbers and keys through.
    try {
      content = new Load(settings).loadFromString(text);
    } catch (RuntimeException | StackOverflowError e) {
      throw new TrainingException(
          "%s is not valid YAML: %s"
              .formatted(DataFiles.name(file), OneLine.of(String.valueOf(e.getMessage()))),
          e);
    }
    if (!(content instanceof Map<?, ?> map)) {
      throw new TrainingException(DataFiles.name(file) + " holds no map, expected keys and values");
    }
    Map<String, Object> fields = new LinkedHashMap<>();
    map.forEach((key, value) -> {
      if (value != null) {
        fields.put(String.valueOf(key), value);
      }
    });
    return fields;
  }
}
