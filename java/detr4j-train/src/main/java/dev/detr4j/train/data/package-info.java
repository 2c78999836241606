/**
 * Annotated images from COCO, YOLO, Azure ML and Pascal VOC files as one model. {@link
 * dev.detr4j.train.data.DataFolder} recognises the format; one reader a format follows.
 */
@NullMarked
package dev.detr4j.train.data;

import org.jspecify.annotations.NullMarked;
