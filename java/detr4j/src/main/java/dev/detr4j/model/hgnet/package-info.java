/** The HGNetV2 backbone. */
@NullMarked
package dev.detr4j.model.hgnet;

import org.jspecify.annotations.NullMarked;
