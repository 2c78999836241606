package dev.detr4j.train.data;

import dev.detr4j.error.OneLine;
import dev.detr4j.train.TrainingException;
import dev.detr4j.train.fault.Fault;
import dev.detr4j.train.fault.Findings;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;
import org.jspecify.annotations.Nullable;

/**
 * Reads Pascal VOC's XML files, one an image.
 *
 * <p>The original counts pixels from 1 and both ends belong to the box; most programs of today
 * count from 0 and write the end behind the box. A set whose smallest coordinate is 0 is of the
 * second kind; one that never has a 0 and in which a box ends on the last pixel is of the first.
 * The difference is a pixel. Objects marked as difficult are trained. Document types and outside
 * entities are not read.
 */
final class VocReader {
  private static final int DEEPEST = 32;

  private final Findings findings;
  private final List<Entry> entries = new ArrayList<>();
  private final TreeSet<String> names = new TreeSet<>();

  private record Outline(String name, double[] corners, String place) {}

  private record Entry(String fileName, Path image, int width, int height, List<Outline> objects) {}

  private VocReader(Findings findings) {
    this.findings = findings;
  }

  /**
   * Reads files of one split.
   *
   * @param files the XML files
   * @param imageFolders where an image is looked for, in this order
   */
  static Dataset read(String what, List<Path> files, List<Path> imageFolders, Findings findings) {
    VocReader reader = new VocReader(findings);
    for (Path file : files) {
      reader.entries.add(reader.entry(file, imageFolders));
    }
    return reader.dataset(what, files.isEmpty() ? Path.of("") : files.getFirst());
  }

  private Entry entry(Path file, List<Path> imageFolders) {
    String name = String.valueOf(file.getFileName());
    Map<String, String> fields = new HashMap<>();
    List<Outline> objects = new ArrayList<>();
    Map<String, String> object = new HashMap<>();
    XMLInputFactory factory = XMLInputFactory.newDefaultFactory();
    factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
    factory.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
    try {
      XMLStreamReader xml = factory.createXMLStreamReader(new StringReader(DataFiles.text(file)));
      Deque<String> open = new ArrayDeque<>();
      StringBuilder text = new StringBuilder();
      while (xml.hasNext()) {
        switch (xml.next()) {
          case XMLStreamConstants.START_ELEMENT -> {
            open.addLast(xml.getLocalName());
            text.setLength(0);
            if (open.size() > DEEPEST) {
              throw new TrainingException(DataFiles.name(file) + " is nested too deeply");
            }
          }
          case XMLStreamConstants.CHARACTERS, XMLStreamConstants.CDATA ->
              text.append(xml.getText());
          case XMLStreamConstants.END_ELEMENT -> {
            String path = String.join("/", open);
            open.removeLast();
            switch (path) {
              case "annotation/filename", "annotation/size/width", "annotation/size/height" ->
                  fields.put(path, text.toString().strip());
              case "annotation/object/name",
                  "annotation/object/difficult",
                  "annotation/object/bndbox/xmin",
                  "annotation/object/bndbox/ymin",
                  "annotation/object/bndbox/xmax",
                  "annotation/object/bndbox/ymax" ->
                  object.put(path.substring(path.lastIndexOf('/') + 1), text.toString().strip());
              case "annotation/object" -> {
                String place = name + " object " + (objects.size() + 1);
                Outline made = object(object, place);
                if (made != null) {
                  objects.add(made);
                }
                object.clear();
              }
              default -> {}
            }
            text.setLength(0);
          }
          default -> {}
        }
      }
    } catch (XMLStreamException e) {
      throw new TrainingException(
          "%s is not valid XML: %s"
              .formatted(DataFiles.name(file), OneLine.of(String.valueOf(e.getMessage()))),
          e);
    }
    String fileName = fields.getOrDefault("annotation/filename", "");
    return new Entry(
        fileName.isEmpty() ? DataFiles.stem(file) : fileName,
        image(file, fileName, imageFolders),
        pixels(fields.get("annotation/size/width")),
        pixels(fields.get("annotation/size/height")),
        objects);
  }

  private static int pixels(@Nullable String text) {
    try {
      double value = text == null ? 0 : Double.parseDouble(text);
      return value > 0 && value <= 1 << 20 ? (int) value : 0;
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  private @Nullable Outline object(Map<String, String> fields, String place) {
    String[] parts = {"xmin", "ymin", "xmax", "ymax"};
    double[] corners = new double[4];
    for (int i = 0; i < 4; i++) {
      String text = fields.get(parts[i]);
      if (text == null) {
        findings.add(Fault.MALFORMED, place + ": " + parts[i] + " is missing");
        return null;
      }
      try {
        corners[i] = Double.parseDouble(text);
      } catch (NumberFormatException e) {
        corners[i] = Double.NaN;
      }
      if (!Double.isFinite(corners[i])) {
        findings.add(Fault.NOT_A_NUMBER, place + ": " + parts[i] + " is " + text);
        return null;
      }
    }
    String name = fields.getOrDefault("name", "");
    if (name.isEmpty()) {
      findings.add(Fault.MALFORMED, place + ": name is missing");
      return null;
    }
    if (fields.getOrDefault("difficult", "0").equals("1")) {
      findings.add(Fault.DIFFICULT, place);
    }
    names.add(name);
    return new Outline(name, corners, place);
  }

  /** By the name that the file states, then by the name of the XML file itself. */
  private Path image(Path file, String fileName, List<Path> folders) {
    for (Path folder : folders) {
      Path stated = fileName.isEmpty() ? null : DataFiles.below(folder, fileName);
      if (stated != null && Files.isRegularFile(stated)) {
        return stated;
      }
      for (String ending : List.of("jpg", "jpeg", "png", "bmp", "webp", "JPG", "PNG")) {
        Path own = folder.resolve(DataFiles.stem(file) + "." + ending);
        if (Files.isRegularFile(own)) {
          return own;
        }
      }
    }
    findings.add(Fault.FILE_MISSING, fileName.isEmpty() ? DataFiles.stem(file) : fileName);
    return file.resolveSibling("");
  }

  private Dataset dataset(String what, Path source) {
    boolean fromOne = countsFromOne();
    List<String> classes = List.copyOf(names);
    List<TrainingImage> images = new ArrayList<>();
    Set<Path> seen = new HashSet<>();
    for (Entry entry : entries) {
      if (Files.isRegularFile(entry.image()) && !seen.add(entry.image())) {
        findings.add(Fault.SAME_FILE, DataFiles.name(entry.image()));
        continue;
      }
      List<LabelledBox> boxes = new ArrayList<>();
      for (Outline object : entry.objects()) {
        double[] c = object.corners();
        double first = fromOne ? 1 : 0;
        boxes.add(
            new LabelledBox(
                classes.indexOf(object.name()),
                c[0] - first,
                c[1] - first,
                c[2] - c[0] + first,
                c[3] - c[1] + first,
                Double.NaN,
                false,
                object.place()));
      }
      images.add(
          new TrainingImage(
              entry.fileName(), entry.image(), entry.width(), entry.height(), false, boxes));
    }
    String counted = fromOne ? "pixels from 1, ends inside" : "pixels from 0, ends outside the box";
    return new Dataset("Pascal VOC (%s): %s".formatted(counted, what), source, classes, images);
  }

  private boolean countsFromOne() {
    boolean atEnd = false;
    for (Entry entry : entries) {
      for (Outline object : entry.objects()) {
        double[] c = object.corners();
        if (c[0] < 1 || c[1] < 1) {
          return false;
        }
        atEnd |= c[2] == entry.width() || c[3] == entry.height();
      }
    }
    return atEnd;
  }
}
