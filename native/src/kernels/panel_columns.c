// The width of the register tile, hence of a packed weight panel: two vectors in every tier (TILE_VECTORS).

#include "kernel.h"

int32_t KERNEL(detr4j_panel_columns)(void) { return TILE_COLUMNS; }
