/**
 * What a detector is made of, and what its sessions hold and share: assembly, plans of input sizes,
 * memory, the turns of callers.
 */
@NullMarked
package dev.detr4j.session;

import org.jspecify.annotations.NullMarked;
