/** RT-DETR and RT-DETRv2: ResNet-vd, hybrid encoder, proposals ranked by their best class. */
@NullMarked
package dev.detr4j.model.rtdetr;

import org.jspecify.annotations.NullMarked;
