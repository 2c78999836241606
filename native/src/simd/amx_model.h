/*
 * The tiles of amx.h in plain C, after the vendor's description of the instructions (Intel 64 and IA-32 Architectures Software
 * Developer's Manual, volume 2: LDTILECFG, TILELOADD, TDPBF16PS, TILESTORED, TILERELEASE, TILEZERO).
 *
 * It is stricter than a processor: a use without a configuration, shapes that do not fit each other, a second configuration of the
 * same shape and a tile that was never loaded end the process with one line. A processor raises an illegal instruction for
 * some of these and computes with zeros for others.
 */
#ifndef DETR4J_AMX_MODEL_H
#define DETR4J_AMX_MODEL_H

#include <stdint.h>

void amx_configure(const amx_shape *shape);
void amx_release(void);
void amx_zero(int t);
void amx_load(int t, const void *p, int64_t pitch);
void amx_dot_bf16(int c, int a, int b);
void amx_store(int t, void *p, int64_t pitch);

/* Whether this thread has a configuration: 1 where a kernel forgot to release it. For tests. */
__attribute__((visibility("default"))) int detr4j_amx_model_in_use(void);

#endif /* DETR4J_AMX_MODEL_H */
