/**
 * The graph of fused operations and the values between them; the builders stand one level below.
 */
@NullMarked
package dev.detr4j.model;

import org.jspecify.annotations.NullMarked;
