/* What this processor and operating system can run. */
#ifndef DETR4J_CPU_H
#define DETR4J_CPU_H

#include <stdint.h>

/* Why this processor or its system cannot run a tier, a sentence without its full stop; NULL when they can. */
const char *detr4j_cpu_refusal(int32_t tier);

/* A set of tiers: bit t for DETR4J_TIER_t. It says nothing about what was built. Thread-safe, cheap after the first call. */
uint32_t detr4j_cpu_tiers(void);

#endif /* DETR4J_CPU_H */
