/**
 * Measures detections with COCO's metrics. {@link dev.detr4j.evaluation.Annotations} and {@link
 * dev.detr4j.evaluation.ResultsFile} read COCO's two files. {@link
 * dev.detr4j.evaluation.BoxEvaluation} computes the twelve metrics from them. {@link
 * dev.detr4j.evaluation.Mistakes} finds the mistakes on each image.
 */
@NullMarked
package dev.detr4j.evaluation;

import org.jspecify.annotations.NullMarked;
