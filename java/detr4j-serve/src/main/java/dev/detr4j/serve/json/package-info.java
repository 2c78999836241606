/** Request bodies in JSON, with texts left where they lie, because some are images. */
@NullMarked
package dev.detr4j.serve.json;

import org.jspecify.annotations.NullMarked;
