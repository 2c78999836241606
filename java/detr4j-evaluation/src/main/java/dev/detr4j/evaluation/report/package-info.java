/** Evaluations to look at: a picture of precision and recall, a page of the worst mistakes. */
@NullMarked
package dev.detr4j.evaluation.report;

import org.jspecify.annotations.NullMarked;
