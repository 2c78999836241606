/**
 * What RF-DETR and LW-DETR share: a vision transformer that attends in windows, the projector
 * behind it, and a decoder of learned queries.
 */
@NullMarked
package dev.detr4j.model.vit;

import org.jspecify.annotations.NullMarked;
