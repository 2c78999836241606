/*
 * Declares every kernel for one tier. Before including it, define DETR4J_DECLARE(name) as the name with that tier's
 * suffix; it is undefined again here, so that dispatch.c can include the file once for each tier. No include guard.
 */
#define DETR4J_COUNT(name, params) int64_t DETR4J_DECLARE(name)(const params *p);
#define DETR4J_CALL(name, params) int32_t DETR4J_DECLARE(name)(const params *p);
#define DETR4J_CALL_SCRATCH(name, params) int32_t DETR4J_DECLARE(name)(const params *p, void *scratch);
#define DETR4J_TILE(name, params) int32_t DETR4J_DECLARE(name)(const params *p, int64_t tile);
#define DETR4J_TILE_SCRATCH(name, params) int32_t DETR4J_DECLARE(name)(const params *p, int64_t tile, void *scratch);
#include "kernels.def"
#define DETR4J_COUNT(name, params) int64_t DETR4J_DECLARE(name)(const params *p);
#define DETR4J_TILE(name, params) int32_t DETR4J_DECLARE(name)(const params *p, int64_t tile);
#define DETR4J_TILE_SCRATCH(name, params) int32_t DETR4J_DECLARE(name)(const params *p, int64_t tile, void *scratch);
#include "kernels_bf16.def"
int32_t DETR4J_DECLARE(detr4j_panel_columns)(void);
#undef DETR4J_DECLARE
