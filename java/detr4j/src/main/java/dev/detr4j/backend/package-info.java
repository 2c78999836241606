/**
 * The seam between the plan and the devices: what a backend must offer, how one is found and
 * chosen.
 */
@NullMarked
package dev.detr4j.backend;

import org.jspecify.annotations.NullMarked;
