/** LW-DETR (Chen et al. 2024), of transformers and of Atten4Vis/LW-DETR. */
@NullMarked
package dev.detr4j.model.lwdetr;

import org.jspecify.annotations.NullMarked;
