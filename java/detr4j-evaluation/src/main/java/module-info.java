/** How good detections are: COCO's numbers, and where they come from. */
module dev.detr4j.evaluation {
  requires com.fasterxml.jackson.core;
  requires transitive dev.detr4j;
  requires transitive java.desktop; // pictures
  requires static transitive org.jspecify;

  exports dev.detr4j.evaluation;
  exports dev.detr4j.evaluation.report;
}
