package dev.detr4j.convert;

import dev.detr4j.model.description.ModelSource;
import java.util.List;

/** What a project does that no file of a Hugging Face folder can say. */
final class SourceNotes {
  private SourceNotes() {}

  static List<String> of(ModelSource source) {
    return switch (source) {
      case HUGGING_FACE, BIRDER -> List.of();
      case RT_DETR, D_FINE ->
          List.of(
              "images: Pillow's resize differs from torchvision's by up to one grey level",
              "positions: the project numbers the cells of a map column by column, transformers 5 row by row; results"
                  + " differ only if the input is not square");
      case RF_DETR -> List.of();
      case LW_DETR ->
          List.of("images: Pillow's resize differs from torchvision's by up to one grey level");
      case DETR, DEFORMABLE_DETR, CONDITIONAL_DETR ->
          List.of(
              "images: Pillow's resize differs from torchvision's by up to one grey level; if the longer edge is"
                  + " capped, the size can differ by a pixel");
      case TABLE_TRANSFORMER ->
          List.of(
              "images: the project brings the long side to 800 or 1000 pixels with Pillow's bicubic filter,"
                  + " transformers uses a bilinear one; the size can differ by a pixel",
              "detections: the project drops a query whose best logit is \"no object\"; transformers keeps it with the"
                  + " score of its best class");
      case DETREX ->
          List.of(
              "numerics: detrex bounds references at 0.001 of the image, transformers at 0.00001; results differ only if"
                  + " a coordinate or size of a box is below 0.001 or above 0.999",
              "images: detrex turns images by their EXIF orientation, resizes with Pillow and rounds sizes to the"
                  + " nearest pixel",
              "detections: detrex keeps the best 300, clips boxes to the image and drops empty ones; transformers keeps"
                  + " 100 unless asked for more, and does not clip");
      case MMDETECTION ->
          List.of(
              "weights: the neck's convolutions have no bias; the folder has one of zeros, which computes the same",
              "images: mmdetection resizes with OpenCV, without antialiasing, and rounds sizes to the nearest pixel",
              "detections: mmdetection clamps boxes to the image");
    };
  }
}
