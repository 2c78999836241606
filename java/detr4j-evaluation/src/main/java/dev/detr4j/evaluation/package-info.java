/**
 * How good detections are. {@link dev.detr4j.evaluation.Annotations} and {@link
 * dev.detr4j.evaluation.ResultsFile} read the two files of COCO, {@link
 * dev.detr4j.evaluation.BoxEvaluation} makes its twelve numbers of them, {@link
 * dev.detr4j.evaluation.Mistakes} says what went wrong on which image.
 */
@NullMarked
package dev.detr4j.evaluation;

import org.jspecify.annotations.NullMarked;
