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
          "text; json; jsonl (one object per line and image); csv (one line per detection); coco (COCO results); or"
              + " azureml (fractions of the image, as its endpoints answer)."
              + " coco takes image_id from file names if they are distinct numbers, and otherwise counts from 1. Default:"
              + " ${DEFAULT-VALUE}.")
  DetectionWriter.Format format = DetectionWriter.Format.TEXT;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "File for the results. Default: standard output.")
  @Nullable Path output;

  @Option(
      names = {"-d", "--draw"},
      paramLabel = "OUT",
      description =
          "Draw the boxes. OUT is a .png or .jpg for one image, and a folder for several.")
  @Nullable Path draw;

  @Option(
      names = "--crop",
      paramLabel = "DIR",
      description = "Write each detection as a PNG into this folder.")
  @Nullable Path crop;

  @Option(
      names = "--crop-margin",
      paramLabel = "PART",
      defaultValue = "0.1",
      description =
          "Margin of a crop on each side, relative to the longer side of the box. Default: ${DEFAULT-VALUE}.")
  float cropMargin;
}
