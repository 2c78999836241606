package dev.detr4j.train.data;

import dev.detr4j.train.TrainingException;
import dev.detr4j.train.fault.Fault;
import dev.detr4j.train.fault.Findings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds the annotations in a folder, or takes a file, and reads them by their format.
 *
 * <p>What is known:
 *
 * <ul>
 *   <li>COCO: a {@code .json} file; {@code train/_annotations.coco.json} and {@code valid/…} as
 *       Roboflow writes them; {@code train/annotations.json} and {@code val/…}; {@code
 *       annotations/instances_train….json} and {@code …val…} beside the images
 *   <li>YOLO: {@code data.yaml}, or another {@code .yaml} file
 *   <li>Azure Machine Learning: {@code .jsonl} files, or folders with an {@code MLTable}
 *   <li>Pascal VOC: {@code Annotations/*.xml} with {@code JPEGImages} and {@code ImageSets/Main},
 *       or {@code .xml} files beside images, in {@code train} and {@code valid} or together
 * </ul>
 *
 * <p>A folder with annotations of two formats is refused with what was found.
 */
public final class DataFolder {
  private static final List<String> TRAIN = List.of("train", "training");
  private static final List<String> VALIDATION = List.of("valid", "val", "validation", "test");

  private final Path data;
  private final @Nullable Path images;
  private final Findings findings;

  private DataFolder(Path data, @Nullable Path images, Findings findings) {
    this.data = data;
    this.images = images;
    this.findings = findings;
  }

  /**
   * Reads training and validation data.
   *
   * @param data a folder or an annotation file
   * @param images the folder of the images; null to look for them beside the annotations
   * @param validation annotations of the validation set; null to take those of the folder
   * @param share of the images that become the validation set where there is none; 0 for none
   * @param seed of that choice
   * @param findings receives what is wrong with single annotations
   * @throws TrainingException when no format is recognised, or more than one, or a file is broken
   */
  public static TrainingData read(
      Path data,
      @Nullable Path images,
      @Nullable Path validation,
      double share,
      long seed,
      Findings findings) {
    DataFolder folder = new DataFolder(data, images, findings);
    Splits splits = folder.splits();
    Dataset train = splits.train();
    Dataset held = splits.validation();
    if (validation != null) {
      held = new DataFolder(validation, images, findings).splits().only();
    }
    return held == null
        ? TrainingData.split(train, share, seed, findings)
        : TrainingData.of(train, held, findings);
  }

  private record Splits(Dataset train, @Nullable Dataset validation) {
    /** Of data named for validation: its validation part, or all of it. */
    Dataset only() {
      return validation == null ? train : validation;
    }
  }

  private interface Reading {
    Splits read();
  }

  private record Candidate(String format, String where, Reading reading) {}

  private Splits splits() {
    if (!Files.exists(data)) {
      throw new TrainingException(DataFiles.name(data) + ": there is no such file or folder");
    }
    List<Candidate> found = Files.isDirectory(data) ? inFolder() : List.of(ofFile(data));
    if (found.isEmpty()) {
      throw new TrainingException(
          DataFiles.name(data)
              + " holds no known annotations, expected COCO (train/_annotations.coco.json,"
              + " annotations/instances_train*.json), YOLO (data.yaml), Azure ML (*.jsonl, MLTable)"
              + " or Pascal VOC (*.xml)");
    }
    if (found.size() > 1) {
      throw new TrainingException(
          "%s holds annotations of two formats, %s (%s) and %s (%s): name the file of one"
              .formatted(
                  DataFiles.name(data),
                  found.get(0).format(),
                  found.get(0).where(),
                  found.get(1).format(),
                  found.get(1).where()));
    }
    return found.getFirst().reading().read();
  }

  private Candidate ofFile(Path file) {
    String ending = DataFiles.ending(file);
    if (String.valueOf(file.getFileName()).equals("MLTable")) {
      return new Candidate(
          "Azure ML", "MLTable", () -> new Splits(jsonLines(JsonLinesReader.filesOf(file)), null));
    }
    return switch (ending) {
      case "json" -> new Candidate("COCO", ending, () -> new Splits(coco(file), null));
      case "jsonl" ->
          new Candidate("Azure ML", ending, () -> new Splits(jsonLines(List.of(file)), null));
      case "yaml", "yml" -> new Candidate("YOLO", ending, () -> yolo(file));
      default ->
          throw new TrainingException(
              DataFiles.name(file)
                  + " is not a known kind of annotations, expected .json (COCO), .yaml (YOLO),"
                  + " .jsonl or MLTable (Azure ML), or a folder");
    };
  }

  private List<Candidate> inFolder() {
    List<Candidate> found = new ArrayList<>();
    Path train = cocoFile(TRAIN);
    Path whole = train == null ? onlyCoco(data) : null;
    if (train != null) {
      Path held = cocoFile(VALIDATION);
      found.add(
          new Candidate(
              "COCO",
              DataFiles.name(train),
              () -> new Splits(coco(train), held == null ? null : coco(held))));
    } else if (whole != null) {
      found.add(new Candidate("COCO", DataFiles.name(whole), () -> new Splits(coco(whole), null)));
    }
    Path yaml = yamlFile();
    if (yaml != null) {
      found.add(new Candidate("YOLO", DataFiles.name(yaml), () -> yolo(yaml)));
    }
    List<Path> lines = jsonLinesFiles(TRAIN);
    List<Path> trainLines = lines.isEmpty() ? jsonLinesFiles(List.of("")) : lines;
    if (!trainLines.isEmpty()) {
      List<Path> heldLines = lines.isEmpty() ? List.of() : jsonLinesFiles(VALIDATION);
      found.add(
          new Candidate(
              "Azure ML",
              DataFiles.name(trainLines.getFirst()),
              () ->
                  new Splits(
                      jsonLines(trainLines), heldLines.isEmpty() ? null : jsonLines(heldLines))));
    }
    Candidate voc = voc();
    if (voc != null) {
      found.add(voc);
    }
    return found;
  }

  /** A split's COCO file: in the folder of its name, or in one for all annotations. */
  private @Nullable Path cocoFile(List<String> splits) {
    for (String split : splits) {
      Path own = onlyCoco(data.resolve(split));
      if (own != null) {
        return own;
      }
      for (Path folder : List.of(data.resolve("annotations"), data)) {
        for (Path file : DataFiles.list(folder)) {
          String name = DataFiles.stem(file).toLowerCase(Locale.ROOT);
          boolean named =
              name.equals(split)
                  || name.startsWith("instances_" + split)
                  || name.startsWith(split + "_")
                  || name.endsWith("_" + split);
          if (named && DataFiles.ending(file).equals("json") && CocoReader.looksLikeCoco(file)) {
            return file;
          }
        }
      }
    }
    return null;
  }

  /** The only COCO file of a folder; null where there is none. */
  private static @Nullable Path onlyCoco(Path folder) {
    List<Path> found =
        DataFiles.list(folder).stream()
            .filter(file -> DataFiles.ending(file).equals("json") && Files.isRegularFile(file))
            .filter(CocoReader::looksLikeCoco)
            .toList();
    if (found.size() > 1) {
      throw new TrainingException(
          "%s and %s are COCO files of one folder: name one"
              .formatted(DataFiles.name(found.get(0)), DataFiles.name(found.get(1))));
    }
    return found.isEmpty() ? null : found.getFirst();
  }

  private Dataset coco(Path file) {
    Set<Path> folders = new LinkedHashSet<>();
    if (images != null) {
      folders.add(images);
    }
    Path own = file.toAbsolutePath().normalize().resolveSibling("");
    String stem = DataFiles.stem(file).replaceFirst("^instances_", "");
    for (Path root : own.getParent() == null ? List.of(own) : List.of(own, own.getParent())) {
      folders.add(root);
      folders.add(root.resolve("images"));
      folders.add(root.resolve(stem));
      folders.add(root.resolve("images").resolve(stem));
    }
    return CocoReader.read(file, List.copyOf(folders), findings);
  }

  private @Nullable Path yamlFile() {
    Path usual = data.resolve("data.yaml");
    if (Files.isRegularFile(usual)) {
      return usual;
    }
    for (Path file : DataFiles.list(data)) {
      if ((DataFiles.ending(file).equals("yaml") || DataFiles.ending(file).equals("yml"))
          && YamlFile.read(file).containsKey("names")) {
        return file;
      }
    }
    return null;
  }

  private Splits yolo(Path yaml) {
    Dataset train = YoloReader.read(yaml, TRAIN, findings);
    if (train == null) {
      throw new TrainingException(
          DataFiles.name(yaml) + ": train is missing, expected a folder of images");
    }
    return new Splits(train, YoloReader.read(yaml, List.of("val", "valid", "test"), findings));
  }

  /** JSON Lines of a split: by the name of the file or of the folder with an MLTable. */
  private List<Path> jsonLinesFiles(List<String> splits) {
    for (String split : splits) {
      for (Path entry : DataFiles.list(data)) {
        String name = String.valueOf(entry.getFileName()).toLowerCase(Locale.ROOT);
        if (!name.contains(split)) {
          continue;
        }
        if (Files.isRegularFile(entry.resolve("MLTable"))) {
          return JsonLinesReader.filesOf(entry.resolve("MLTable"));
        }
        if (DataFiles.ending(entry).equals("jsonl") && Files.isRegularFile(entry)) {
          return List.of(entry);
        }
      }
      if (split.isEmpty() && Files.isRegularFile(data.resolve("MLTable"))) {
        return JsonLinesReader.filesOf(data.resolve("MLTable"));
      }
    }
    return List.of();
  }

  private Dataset jsonLines(List<Path> files) {
    Path beside = files.getFirst().toAbsolutePath().normalize().resolveSibling("");
    Path folder = images != null ? images : Files.isDirectory(data) ? data : beside;
    return JsonLinesReader.read(files, folder, findings);
  }

  private @Nullable Candidate voc() {
    Path annotations = data.resolve("Annotations");
    if (Files.isDirectory(annotations)) {
      return new Candidate("Pascal VOC", DataFiles.name(annotations), () -> vocLists(annotations));
    }
    List<Path> train = xmlFiles(TRAIN);
    if (!train.isEmpty()) {
      List<Path> held = xmlFiles(VALIDATION);
      return new Candidate(
          "Pascal VOC",
          DataFiles.name(train.getFirst()),
          () -> new Splits(voc("train", train), held.isEmpty() ? null : voc("validation", held)));
    }
    List<Path> all = xml(data);
    return all.isEmpty()
        ? null
        : new Candidate(
            "Pascal VOC",
            DataFiles.name(all.getFirst()),
            () -> new Splits(voc(DataFiles.name(data), all), null));
  }

  private static List<Path> xml(Path folder) {
    return DataFiles.list(folder).stream()
        .filter(file -> DataFiles.ending(file).equals("xml"))
        .toList();
  }

  private List<Path> xmlFiles(List<String> splits) {
    for (String split : splits) {
      List<Path> found = xml(data.resolve(split));
      if (!found.isEmpty()) {
        return found;
      }
    }
    return List.of();
  }

  private Splits vocLists(Path annotations) {
    List<Path> train = listed(annotations, List.of("train", "trainval"));
    List<Path> held = listed(annotations, List.of("val", "test"));
    return train.isEmpty()
        ? new Splits(voc(DataFiles.name(annotations), xml(annotations)), null)
        : new Splits(voc("train", train), held.isEmpty() ? null : voc("validation", held));
  }

  /** The files of the first list of {@code ImageSets/Main} that is there. */
  private List<Path> listed(Path annotations, List<String> lists) {
    for (String list : lists) {
      Path file = data.resolve("ImageSets").resolve("Main").resolve(list + ".txt");
      if (Files.isRegularFile(file)) {
        List<Path> files = new ArrayList<>();
        for (String line : DataFiles.lines(file)) {
          String name = line.strip().split("\\s+", 2)[0];
          if (!name.isEmpty()) {
            Path xml = DataFiles.below(annotations, name + ".xml");
            if (xml == null || !Files.isRegularFile(xml)) {
              findings.add(Fault.FILE_MISSING, name + ".xml");
            } else {
              files.add(xml);
            }
          }
        }
        return files;
      }
    }
    return List.of();
  }

  private Dataset voc(String what, List<Path> files) {
    List<Path> folders = new ArrayList<>();
    if (images != null) {
      folders.add(images);
    }
    folders.add(data.resolve("JPEGImages"));
    folders.add(data.resolve("images"));
    folders.add(files.getFirst().toAbsolutePath().normalize().resolveSibling(""));
    folders.add(data);
    return VocReader.read(what, files, folders, findings);
  }
}
