/** Networks as graphs of fused operations: nodes, the values between them, and derived weights. */
@NullMarked
package dev.detr4j.model.graph;

import org.jspecify.annotations.NullMarked;
