package dev.detr4j.cli;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What becomes of detections. */
final class OutputOptions {
  @Option(
      names = "--only",
      paramLabel = "LABEL",
      split = ",",
      description = "Report only these labels, by name or number: --only cat,dog. May be repeated.")
  @Nullable List<String> only;

  @Option(
      names = "--except",
      paramLabel = "LABEL",
      split = ",",
      description = "Do not report these labels. May be repeated.")
  @Nullable List<String> except;

  @Option(
      names = {"-f", "--format"},
      paramLabel = "FORMAT",
      defaultValue = "text",
      description =
          "text; json; jsonl, an object on a line for each image; csv, a line for each detection; or coco, COCO's"
              + " results with image_id from file names that are numbers, else counted from 1. Default:"
              + " ${DEFAULT-VALUE}.")
  DetectionWriter.Format format = DetectionWriter.Format.TEXT;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "Where results go. Default: standard output.")
  @Nullable Path output;

  @Option(
      names = {"-d", "--draw"},
      paramLabel = "OUT",
      description =
          "Draw the boxes: to this .png or .jpg for one image, into this folder for several.")
  @Nullable Path draw;

  @Option(
      names = "--crop",
      paramLabel = "DIR",
      description = "Cut each detection out, into a PNG in this folder.")
  @Nullable Path crop;

  @Option(
      names = "--crop-margin",
      paramLabel = "PART",
      defaultValue = "0.1",
      description =
          "Cut so much more on each side, as a part of the box's longer side. Default: ${DEFAULT-VALUE}.")
  float cropMargin;
}
