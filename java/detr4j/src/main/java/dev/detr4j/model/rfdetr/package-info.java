/** RF-DETR (Robinson et al. 2025), of transformers and of roboflow/rf-detr. */
@NullMarked
package dev.detr4j.model.rfdetr;

import org.jspecify.annotations.NullMarked;
