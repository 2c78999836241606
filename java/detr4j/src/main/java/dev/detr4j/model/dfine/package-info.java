/** D-FINE: HGNetV2, a neck of RepNCSPELAN4 blocks, boxes from distributions over distances. */
@NullMarked
package dev.detr4j.model.dfine;

import org.jspecify.annotations.NullMarked;
